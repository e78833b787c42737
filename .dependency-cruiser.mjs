/**
 * The import table. A folder's row says what its files may import; everything else is an error.
 * `values` are files whose code may be loaded, `types` files of which only types may be seen, `npm` the packages (undefined: any
 * dependency), `builtIns` whether Node's own modules are allowed. A folder always may import itself.
 */
const table = {
  domain: { values: [], types: [], npm: ['zod'], builtIns: false },
  workflows: {
    values: ['domain/'],
    types: ['activities/'],
    npm: ['@temporalio/workflow', '@temporalio/common'],
    builtIns: false,
  },
  activities: { values: ['domain/'], types: [], npm: ['@temporalio/activity'], builtIns: false },
  adapters: {
    values: ['domain/', 'workflows/(messages|failure|task-queues)[.]ts$'],
    types: ['workflows/'],
    builtIns: true,
  },
  protocol: { values: ['domain/'], types: [], builtIns: true },
  api: {
    values: ['domain/'],
    types: [],
    npm: [
      'express',
      'express-basic-auth',
      'helmet',
      'prom-client',
      'rate-limiter-flexible',
      'ws',
      'zod',
      'zod-openapi',
    ],
    builtIns: true,
  },
  cli: {
    values: ['domain/', 'infra/', 'protocol/'],
    types: [],
    npm: ['commander', 'eventsource-parser', 'ws', 'zod'],
    builtIns: true,
  },
  infra: { values: ['domain/'], types: [], builtIns: true },
};

/** Files that wire the program together: they may import every folder but another front door. */
const roots = '^(workers/|(api|cli|protocol)/main[.]ts$)';

const ours = '^(activities|adapters|api|cli|domain|infra|protocol|workers|workflows)/';
const npmKinds = ['npm', 'npm-optional', 'npm-peer', 'npm-bundled', 'npm-dev', 'npm-no-pkg', 'npm-unknown'];

function packagePath(name) {
  return `^node_modules/(@types/)?${name}/`;
}

function anchored(paths) {
  return paths.map((path) => `^${path}`);
}

function rulesOf([folder, { values, types, npm, builtIns }]) {
  const from = { path: `^${folder}/`, pathNot: roots };
  const allowed = [`^${folder}/`, ...anchored(values)];
  const rule = (kind, comment, to) => ({ name: `${folder}-${kind}`, severity: 'error', comment, from, to });
  return [
    rule('values', `${folder}/ loads code only from itself and: ${values.join(', ') || 'nothing else'}`, {
      path: ours,
      pathNot: allowed,
      dependencyTypesNot: ['type-only'],
    }),
    rule('types', `${folder}/ sees types only from what it may load and: ${types.join(', ') || 'nothing else'}`, {
      path: ours,
      pathNot: [...allowed, ...anchored(types)],
      dependencyTypes: ['type-only'],
    }),
    ...(npm === undefined
      ? []
      : [
          rule('packages', `${folder}/ uses only the packages ${npm.join(', ')}`, {
            dependencyTypes: npmKinds,
            pathNot: npm.map(packagePath),
          }),
        ]),
    ...(builtIns
      ? []
      : [rule('built-ins', `${folder}/ runs anywhere: no Node modules`, { dependencyTypes: ['core'] })]),
  ];
}

const everywhere = [
  {
    name: 'no-cycles',
    comment: 'Two files that need each other are one idea or lack a third; this counts types, too',
    from: {},
    to: { circular: true },
  },
  {
    name: 'no-imported-front-door',
    comment: 'api/ and cli/ are entrances: nobody imports them',
    from: { path: ours },
    to: { path: '^(api|cli)/', pathNot: '^$1/' },
  },
  {
    name: 'no-test-code',
    comment: 'Nothing that ships knows the tests',
    from: { path: ours },
    to: { path: '^test/' },
  },
  {
    name: 'no-development-packages',
    comment: 'What ships uses dependencies, not devDependencies',
    from: { path: ours },
    to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '^node_modules/@types/' },
  },
  {
    name: 'no-undeclared-packages',
    comment: 'A package that package.json does not name may vanish with the next update',
    from: { path: ours },
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  },
  {
    name: 'no-unresolved',
    comment: 'The imported file or package does not exist',
    from: {},
    to: { couldNotResolve: true },
  },
].map((rule) => ({ severity: 'error', ...rule }));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [...Object.entries(table).flatMap(rulesOf), ...everywhere],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
      extensions: ['.ts', '.js', '.json', '.d.ts'],
    },
  },
};
