import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';

import { addSkillsCommand } from '../../../../../cli/commands/skills.ts';
import type { SkillLife } from '../../../../../domain/skills/life.ts';
import type { SkillView } from '../../../../../domain/skills/view.ts';
import { makeBundle } from '../../../../support/skill-twins.ts';
import { hashOf } from '../../../domain/skills/build.ts';
import { createHome, replyJson, type SeenRequest, serveApi } from '../harness.ts';
import { nasty, toolsOver } from './support.ts';

export const id = 'csv-summary';

export type Reply = readonly [status: number, body: unknown];

/** What the API says of a failure. */
export const problem = (code: string, detail: string = code) => ({ code, detail });

/** What the API shows of a life; its texts are hostile. */
export function viewOf(life: SkillLife, more: Partial<SkillView> = {}): SkillView {
  return {
    life,
    shown: (life.candidate ?? life.active)?.hash ?? hashOf('0'),
    manifest: makeBundle(id, { hosts: ['api.example.org'] }).manifest,
    files: { 'main.js': nasty },
    ...more,
  };
}

type Input = Readable & { isTTY?: boolean };

/** A home with an API of the test's own, and the command. Close it. */
export async function createSkillHome() {
  const home = await createHome();
  let api: Awaited<ReturnType<typeof serveApi>> | undefined;
  return {
    ...home,
    seen: () => (api?.seen ?? []).map(({ method, path }) => `${method} ${path}`),
    keys: () => (api?.seen ?? []).map(({ headers }) => headers['idempotency-key']),
    bodies: () => (api?.seen ?? []).flatMap(({ body }) => (body === '' ? [] : [JSON.parse(body) as unknown])),

    /** Answers each request by its method and path, or any other by `METHOD *`; the last reply of a list is repeated. */
    async serve(replies: Record<string, Reply | Reply[]>): Promise<void> {
      const lists = new Map(
        Object.entries(replies).map(([call, list]) => [call, (Array.isArray(list[0]) ? [...list] : [list]) as Reply[]]),
      );
      api = await serveApi(home.socket, ({ method, path }: SeenRequest, response: ServerResponse) => {
        const list = lists.get(`${method} ${path.split('?')[0]}`) ?? lists.get(`${method} *`) ?? [];
        const [status, body] = (list.length > 1 ? list.shift() : list[0]) ?? [404, problem('NOT_FOUND')];
        if (Buffer.isBuffer(body)) response.writeHead(status, { 'content-type': 'application/zip' }).end(body);
        else replyJson(response, status, body);
      });
    },

    skills: (words: string[], input: Input = Readable.from([])) =>
      home.run(addSkillsCommand, ['skills', ...words], { skillTools: toolsOver(), input }),

    async close(): Promise<void> {
      await api?.close();
      await home.remove();
    },
  };
}

export type SkillHome = Awaited<ReturnType<typeof createSkillHome>>;
