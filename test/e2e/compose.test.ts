import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { type Compose, composeFindings, type Service } from './compose-findings.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

function readCompose(): Compose {
  return parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }) as Compose;
}

/** Weakens one service of the file and returns what the checks say. */
function findingsAfter(name: string, change: Partial<Service>): string[] {
  const compose = readCompose();
  Object.assign(compose.services[name] ?? {}, change);
  return composeFindings(compose);
}

/** The program that understands compose files on this machine, if there is one. */
function composeProgram(): string[] | undefined {
  const candidates = [['docker', 'compose'], ['docker-compose']];
  return candidates.find(([program = '', ...args]) => spawnSync(program, [...args, 'version']).status === 0);
}

describe('docker-compose.yml', () => {
  const compose = readCompose();

  test('holds Talos, its engines and a GPU variant', () => {
    const names = ['talos', 'temporal', 'temporal-setup', 'redis', 'chroma', 'ollama', 'ollama-gpu'];
    expect(Object.keys(compose.services)).toEqual(names);
  });

  test('every service is confined', () => {
    expect(composeFindings(compose)).toEqual([]);
  });

  test.each<[string, Partial<Service>, string]>([
    ['chroma', { image: 'chromadb/chroma:latest' }, 'has a pinned image'],
    ['chroma', { image: 'chromadb/chroma' }, 'has a pinned image'],
    ['ollama', { healthcheck: { disable: true } }, 'has a health check, unless it ends by itself'],
    ['talos', { ports: ['8080:8080'] }, 'publishes ports on the loopback address only'],
    ['redis', { ports: ['0.0.0.0:6379:6379'] }, 'publishes ports on the loopback address only'],
    ['redis', { read_only: false }, 'has a read-only root'],
    ['talos', { cap_drop: [] }, 'drops every capability'],
    ['talos', { cap_add: ['SYS_ADMIN'] }, 'drops every capability'],
    ['ollama', { privileged: true }, 'gains no privileges'],
    ['chroma', { security_opt: [] }, 'gains no privileges'],
    ['talos', { network_mode: 'host' }, 'stays in its own network and process space'],
    ['temporal', { pids_limit: 0 }, 'has a limit of processes'],
    ['talos', { volumes: ['/var/run/docker.sock:/var/run/docker.sock'] }, 'keeps its state in named volumes'],
    ['redis', { networks: ['edge'] }, 'is in the network without a way out'],
    ['talos', { environment: { BASIC_AUTH_PASS: 'admin' } }, 'has no secret in the file'],
  ])('a weakened %s is found: %o', (name, change, sentence) => {
    expect(findingsAfter(name, change)).toEqual([`${name}: ${sentence}`]);
  });

  test('only what must be reached or must fetch models has a way out', () => {
    const outside = Object.entries(compose.services).filter(([, { networks }]) => networks?.includes('edge'));
    expect(outside.map(([name]) => name)).toEqual(['talos', 'temporal', 'ollama', 'ollama-gpu']);
  });

  test('Talos waits for what it needs and not for a model', () => {
    expect(compose.services['talos']?.depends_on).toEqual({
      'temporal-setup': { condition: 'service_completed_successfully' },
      redis: { condition: 'service_healthy' },
      chroma: { condition: 'service_healthy' },
      ollama: { condition: 'service_started' },
    });
  });

  test('no health check needs a program its image lacks', () => {
    const checks = Object.values(compose.services).flatMap(({ healthcheck }) => healthcheck?.test ?? []);
    expect(checks.join(' ')).not.toMatch(/\b(curl|wget)\b/);
  });

  test('Redis never evicts and Chroma is stopped by the signal it obeys', () => {
    expect(compose.services['redis']?.command).toContain('noeviction');
    expect(compose.services['chroma']?.stop_signal).toBe('SIGINT');
  });

  test('the compose program of this machine, where there is one, accepts the file', () => {
    const [program = '', ...args] = composeProgram() ?? [];
    if (program === '') return;
    const dir = mkdtempSync(join(tmpdir(), 'talos-compose-'));
    try {
      writeFileSync(join(dir, 'docker-compose.yml'), readFileSync(join(root, 'docker-compose.yml')));
      writeFileSync(join(dir, 'talos.env'), 'BASIC_AUTH_PASS=an-honest-password\n');
      const shown = execFileSync(program, [...args, '--profile', 'gpu', 'config'], { cwd: dir, encoding: 'utf8' });
      const { services } = parse(shown) as Compose;
      expect(Object.keys(services).toSorted()).toEqual(Object.keys(compose.services).toSorted());
      expect(services['talos']?.environment?.['BASIC_AUTH_PASS']).toBe('an-honest-password');
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
