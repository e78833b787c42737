import { networkInterfaces } from 'node:os';

import { z } from 'zod';

import { TalosError } from '../domain/errors.ts';
import { anyJson, type JsonValue } from '../domain/json.ts';
import type { SkillPowers, SkillPowersFactory } from '../domain/skills/ports.ts';
import type { SkillPermissions } from '../domain/skills/manifest.ts';
import { createFetchPower, type FetchOptions } from './broker/fetch.ts';
import { createFolderPower, type GrantedFolders } from './broker/folder.ts';
import { parsePowerInput } from './broker/input.ts';

/** What the powers of skills reach. */
export type SkillPowersOptions = FetchOptions & {
  /** The folders the owner granted to a skill; read at the start of each run. */
  readonly foldersOf: (skill: string) => GrantedFolders;
  readonly searchMemory: (query: { query: string; limit: number }, signal: AbortSignal) => Promise<JsonValue>;
  readonly callTool: (call: { name: string; input: JsonValue }, signal: AbortSignal) => Promise<JsonValue>;
};

/** Calls a run may make, those to folders aside, which keep count themselves. */
const mostCalls = 500;

const MemoryInput = z.strictObject({
  query: z.string().min(1).max(2000),
  limit: z.int().min(1).max(20).default(5),
});

const ToolInput = z.strictObject({ name: z.string().max(64), input: anyJson.default(null) });

/** Makes the powers of a run: what its manifest names and the owner granted, and nothing else. */
export function createSkillPowers(options: SkillPowersOptions): SkillPowersFactory {
  const network = { ownAddresses: interfaceAddresses, ...options };
  return (run) => {
    const { id, permissions } = run.manifest;
    const fetching = createFetchPower(run, network);
    // grants that cannot be read concern those who need one
    const granted = permissions.folders.length === 0 ? new Map() : options.foldersOf(id);
    const useFolder = createFolderPower(permissions, granted);
    let calls = 0;
    const powers: Record<
      Parameters<SkillPowers['call']>[0],
      (input: JsonValue, signal: AbortSignal) => Promise<JsonValue>
    > = {
      fetch: (input, signal) => fetching.fetch(input, signal),
      memory: (input, signal) => searchMemory(permissions, { input, signal, options }),
      tool: (input, signal) => callTool(permissions, { input, signal, options }),
      folder: (input) => useFolder(input),
    };
    return {
      async call(power, input, signal) {
        signal.throwIfAborted();
        if (power !== 'folder') calls += 1;
        if (calls > mostCalls) throw new TalosError('TOO_MANY_REQUESTS', `A run makes at most ${mostCalls} calls.`);
        return await powers[power](input, signal);
      },
      egress: () => fetching.attempts(),
    };
  };
}

type Call = { readonly input: JsonValue; readonly signal: AbortSignal; readonly options: SkillPowersOptions };

async function searchMemory({ memory }: SkillPermissions, { input, signal, options }: Call): Promise<JsonValue> {
  if (memory !== 'read') throw new TalosError('PERMISSION_DENIED', 'ctx.memory: the manifest does not ask for memory.');
  return options.searchMemory(parsePowerInput(MemoryInput, input, 'memory'), signal);
}

async function callTool({ tools }: SkillPermissions, { input, signal, options }: Call): Promise<JsonValue> {
  const call = parsePowerInput(ToolInput, input, 'tool');
  if (!tools.includes(call.name)) {
    throw new TalosError('PERMISSION_DENIED', 'ctx.tool: the manifest does not name this tool.');
  }
  return options.callTool(call, signal);
}

function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((faces) => (faces ?? []).map(({ address }) => address));
}
