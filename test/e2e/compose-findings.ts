/** What the checks read of a service in a compose file. */
export type Service = {
  image?: string;
  restart?: string;
  read_only?: boolean;
  privileged?: boolean;
  network_mode?: string;
  pid?: string;
  cap_add?: string[];
  cap_drop?: string[];
  security_opt?: string[];
  pids_limit?: number;
  ports?: string[];
  networks?: string[];
  volumes?: string[];
  env_file?: string;
  environment?: Record<string, string>;
  command?: string[];
  entrypoint?: string[];
  user?: string;
  stop_signal?: string;
  healthcheck?: { test?: string[]; disable?: boolean };
  depends_on?: Record<string, { condition: string }>;
};

/** A compose file, as far as the checks read it. */
export type Compose = {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean }>;
  volumes: Record<string, unknown>;
};

/** A service by its name, in its file. */
type Place = { readonly name: string; readonly compose: Compose };

type Check = (service: Service, place: Place) => boolean;

/** Whoever has Docker's socket has the machine: it is for one service. */
const dockerSocket = { service: 'socket-proxy', volume: '${DOCKER_SOCKET:-/var/run/docker.sock}:/var/run/docker.sock' };

function isNamedVolume(volume: string, { compose }: Place): boolean {
  return Object.hasOwn(compose.volumes, volume.split(':')[0] ?? '');
}

/** Networks of others a service may be in: none, or that of another service here. */
const otherNetworks = /^(none|service:.*)$/;

/** What must hold of every service; each is named by the sentence that is true of a good one. */
const rules: Readonly<Record<string, Check>> = {
  'has a pinned image': ({ image }) => /:[\w.-]*\d+\.\d+\.\d+[\w.-]*$/.test(image ?? ''),
  'has a health check, unless it ends by itself': ({ healthcheck, restart }) =>
    restart === 'no' ? healthcheck?.disable === true : (healthcheck?.test?.length ?? 0) > 1,
  'publishes ports on the loopback address only': ({ ports = [] }) =>
    ports.every((port) => port.startsWith('127.0.0.1:')),
  'has a read-only root': ({ read_only: readOnly }) => readOnly === true,
  'drops every capability': ({ cap_drop: dropped, cap_add: added }) => dropped?.join() === 'ALL' && added === undefined,
  'gains no privileges': ({ privileged, security_opt: options = [] }) =>
    privileged !== true && options.includes('no-new-privileges:true'),
  'stays in its own network and process space': ({ network_mode: mode = 'service:', pid }) =>
    otherNetworks.test(mode) && pid === undefined,
  'has a limit of processes': ({ pids_limit: limit = 0 }) => limit > 0 && limit <= 1024,
  'keeps its state in named volumes': ({ volumes = [] }, place) =>
    volumes
      .filter((volume) => place.name !== dockerSocket.service || volume !== dockerSocket.volume)
      .every((volume) => isNamedVolume(volume, place)),
  'is in the network without a way out': ({ networks = [], network_mode: mode = '' }, { compose }) =>
    otherNetworks.test(mode) || networks.some((network) => compose.networks[network]?.internal === true),
  'has no secret in the file': ({ environment = {} }) =>
    Object.keys(environment).every((name) => !/PASS|KEY|TOKEN|SECRET/.test(name)),
};

/** Everything wrong with a compose file, as "service: sentence that should be true". */
export function composeFindings(compose: Compose): string[] {
  return Object.entries(compose.services).flatMap(([name, service]) =>
    Object.entries(rules).flatMap(([sentence, holds]) =>
      holds(service, { name, compose }) ? [] : [`${name}: ${sentence}`],
    ),
  );
}
