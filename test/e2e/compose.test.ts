import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { sandboxImage } from '../../domain/sandbox/container.ts';
import { parseConfig } from '../../domain/config/parse.ts';
import { chroma } from '../../infra/engines/chroma.ts';
import { ollama } from '../../infra/engines/ollama.ts';
import { temporal } from '../../infra/engines/temporal.ts';
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

/** The command line of the Temporal server that Talos starts itself, with `--name=value` joined as in the compose file. */
async function localTemporalOptions(): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'talos-options-'));
  try {
    const program = join(dir, 'temporal');
    writeFileSync(program, '#!/bin/sh\necho "temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)"\n', { mode: 0o755 });
    mkdirSync(join(dir, 'home/data/temporal'), { recursive: true });
    const config = parseConfig({ TALOS_HOME: join(dir, 'home') });
    const { args } = await temporal.child(config, { kind: 'path', program, version: '1.8.2' });
    return args
      .join(' ')
      .replaceAll(/(--[\w-]+) (?!-)/g, '$1=')
      .split(' ');
  } finally {
    rmSync(dir, { recursive: true });
  }
}

describe('docker-compose.yml', () => {
  const compose = readCompose();

  test('holds Talos, what its sandboxes need, its engines and a GPU variant', () => {
    const engines = ['temporal', 'temporal-setup', 'redis', 'chroma', 'ollama', 'ollama-gpu'];
    expect(Object.keys(compose.services)).toEqual(['talos', 'socket-proxy', 'sandbox-image', ...engines]);
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
    [
      'talos',
      { volumes: ['${DOCKER_SOCKET:-/var/run/docker.sock}:/var/run/docker.sock'] },
      'keeps its state in named volumes',
    ],
    ['socket-proxy', { volumes: ['/:/host'] }, 'keeps its state in named volumes'],
    ['socket-proxy', { pid: 'host' }, 'stays in its own network and process space'],
    ['redis', { networks: ['edge'] }, 'is in the network without a way out'],
    ['talos', { environment: { BASIC_AUTH_PASS: 'admin' } }, 'has no secret in the file'],
  ])('a weakened %s is found: %o', (name, change, sentence) => {
    expect(findingsAfter(name, change)).toEqual([`${name}: ${sentence}`]);
  });

  test('the engines are the ones Talos starts itself, in the same versions', () => {
    const versions = Object.entries({ temporal, chroma, ollama }).map(([name, { version }]) => [name, version]);
    const images = Object.entries(compose.services).map(([name, { image = '' }]) => [name, image.split(':')[1]]);
    expect(images).toEqual(expect.arrayContaining(versions));
  });

  test('Temporal starts with the same options', async () => {
    const ofPlace = /^--(ip|port|ui-port|metrics-port|db-filename)(=|$)/;
    const wanted = (await localTemporalOptions()).filter((option) => !ofPlace.test(option));
    const given = compose.services['temporal']?.command?.filter((option) => !ofPlace.test(option));
    expect(given?.toSorted()).toEqual(wanted.toSorted());
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
      'socket-proxy': { condition: 'service_started' },
    });
  });

  test('Talos reaches the Docker engine through the socket proxy alone, and both agree where it listens', () => {
    const { talos, 'socket-proxy': proxy, 'sandbox-image': image } = compose.services;
    const url = 'unix:///run/talos/docker.sock';
    expect([talos, proxy].map((service) => service?.environment?.['SOCKET_PROXY_URL'])).toEqual([url, url]);
    expect([talos, proxy].every((service) => service?.volumes?.includes('sandboxes:/run/talos'))).toBe(true);
    // The group of the socket is the one Talos runs as.
    expect(proxy?.user).toBe('0:1000');
    expect(proxy?.network_mode).toBe('none');
    expect(image?.image).toBe(sandboxImage);
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
