import { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';

import type { ModelEvent, ModelRequest } from '../../../domain/models/model.ts';
import type { SkillBundle } from '../../../domain/skills/bundle.ts';
import { certificateFor } from '../../unit/domain/skills/certificates.ts';
import { inUse } from '../../unit/domain/skills/build.ts';
import { makeBundle, type SkillTwins } from '../../support/skill-twins.ts';
import type { TestPorts } from '../../support/talos.ts';

/** A call as a script writes it: the tool and its arguments. */
export type Asked = readonly [name: string, args: Record<string, unknown>];

/** What a scripted model says to a request: a text, or calls. */
export type Script = (request: ModelRequest, turn: number) => Said | Promise<Said>;
type Said = string | readonly Asked[];

/** A model that follows a script and remembers what it was asked. */
export function scriptedModel(script: Script) {
  const requests: ModelRequest[] = [];
  async function* chat(request: ModelRequest): AsyncGenerator<ModelEvent> {
    requests.push(request);
    const said = await script(request, requests.length);
    if (typeof said === 'string') yield { type: 'text-delta', text: said };
    else {
      for (const [index, [name, args]] of said.entries())
        yield { type: 'tool-call', call: { id: `call-${index}`, name, arguments: args } };
    }
    const reason = typeof said === 'string' ? 'stop' : 'tool-calls';
    yield { type: 'finish', reason, promptTokens: 2, outputTokens: 3 };
  }
  const wrap = (ports: TestPorts) => ({ ...ports, model: { ...ports.model, chat } });
  return { requests, wrap, toolMessages: () => requests.at(-1)?.messages.filter(({ role }) => role === 'tool') ?? [] };
}

/** Puts a skill in use without its life: what is under test begins after that. */
export async function use(
  skills: SkillTwins,
  id: string,
  options: Parameters<typeof makeBundle>[1] = {},
): Promise<SkillBundle> {
  const bundle = makeBundle(id, options);
  await skills.skills.put(bundle);
  await skills.skills.saveCertificate(certificateFor(bundle));
  const life = inUse('a');
  const { active } = life;
  if (active === undefined) throw new Error('no active version');
  await skills.catalog.put({ ...life, id, active: { ...active, hash: bundle.hash } });
  return bundle;
}

/** Everything the history of a workflow holds, payloads decoded. */
export async function historyText(connection: NativeConnection, workflowId: string): Promise<string> {
  const client = new Client({ connection, namespace: 'talos' });
  const history = JSON.stringify(await client.workflow.getHandle(workflowId).fetchHistory());
  return history.replace(/"data":"([^"]*)"/g, (_all, data: string) => Buffer.from(data, 'base64').toString('utf8'));
}
