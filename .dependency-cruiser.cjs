// Imports go one way, as docs/architecture.md draws it. Types count too.
const leaf = (name, others) => ({
  name: `${name}-is-a-leaf`,
  comment: `src/${name} implements a contract and knows no other part.`,
  severity: 'error',
  from: { path: `^src/${name}/`, pathNot: '\\.test\\.ts$|\\.fixture\\.ts$' },
  to: { path: `^src/(?!${['domain', 'lib', name, ...others].join('/|')}/)` },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'domain-imports-nothing',
      severity: 'error',
      from: { path: '^src/domain/', pathNot: '\\.test\\.ts$' },
      to: { pathNot: '^src/domain/' },
    },
    {
      name: 'lib-knows-only-the-domain',
      severity: 'error',
      from: { path: '^src/lib/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/(?!domain/|lib/)' },
    },
    leaf('store', []),
    leaf('vault', []),
    leaf('webhooks', []),
    leaf('agents', []),
    leaf('connectors', []),
    {
      name: 'connector-islands',
      comment: 'A connector imports nothing of another.',
      severity: 'error',
      from: { path: '^src/connectors/([^/]+)/' },
      to: { path: '^src/connectors/([^/]+)/', pathNot: '^src/connectors/$1/' },
    },
    {
      name: 'core-knows-no-surface',
      severity: 'error',
      from: { path: '^src/core/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/(http|cli)/|^src/[^/]+\\.ts$' },
    },
    {
      name: 'core-knows-no-connector-by-name',
      severity: 'error',
      from: { path: '^src/core/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/connectors/[^/]+/' },
    },
    {
      name: 'core-uses-the-store-by-its-contract',
      severity: 'error',
      from: { path: '^src/core/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/store/(sql|sqlite|postgres)/' },
    },
    {
      name: 'http-does-not-import-cli',
      severity: 'error',
      from: { path: '^src/http/' },
      to: { path: '^src/cli/|^src/[^/]+\\.ts$' },
    },
    {
      name: 'contract-stands-alone',
      comment: 'Clients see the API contract and nothing else of src.',
      severity: 'error',
      from: { path: '^src/http/contract/' },
      to: { path: '^src/', pathNot: '^src/(http/contract|domain)/|^src/agents/turn-message' },
    },
    {
      name: 'cli-sees-the-contract-only',
      severity: 'error',
      comment: 'And the forms, which are data: what they import is types.',
      from: { path: '^src/cli/', pathNot: '\\.test\\.ts$' },
      to: {
        path: '^src/(core|store|vault|connectors|agents)/|^src/http/(?!contract/)|^src/main\\.ts$',
        pathNot: '^src/connectors/forms\\.ts$',
      },
    },
    {
      name: 'forms-are-data',
      comment: 'Clients load them without anything of the connectors.',
      severity: 'error',
      from: { path: '^src/connectors/(forms|[^/]+/onboarding/form)\\.ts$' },
      to: { dependencyTypesNot: ['type-only'], pathNot: '^src/connectors/[^/]+/onboarding/form\\.ts$' },
    },
    {
      name: 'one-way-out',
      comment:
        'All that goes out passes the guards of src/lib: the fetch and the sockets that come in as dependencies.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: '\\.test\\.ts$|\\.fixture\\.ts$|^src/lib/|^src/http/(admin|ingress)/server\\.ts$',
      },
      to: {
        path: '^(node:)?(https?|http2|net|tls|dgram|dns)(/|$)|(^|/)node_modules/(undici|ws)/|^(undici|ws)$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: '\\.test\\.ts$|\\.d\\.ts$|^src/entry\\.ts$|worker\\.ts$' },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.mjs', '.js'] },
  },
};
