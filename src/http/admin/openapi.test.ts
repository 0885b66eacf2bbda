import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openDaemon, type TestDaemon } from '../../../test/support/daemon.ts';
import { closeAll } from '../../../test/support/egress.ts';
import { addHook, postGithub } from '../../../test/support/hooks.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { RecordingLog } from '../../../test/support/recording-log.ts';
import { createNextId } from '../../lib/ids.ts';
import { Histogram } from '../../lib/metrics.ts';
import { contract, type Operation } from '../contract/contract.ts';
import { rawContract } from '../contract/raw.ts';
import { createAdminApp } from './app.ts';
import { apiPrefix } from './mount.ts';

type Json = Record<string, unknown>;

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: Json;
}

interface DocumentedOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Json } } };
  readonly responses: Readonly<Record<string, Json & { content?: Content }>>;
}

type Content = Readonly<Record<string, { readonly schema?: Json }>>;

interface Document {
  readonly openapi: string;
  readonly info: Json;
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>>; readonly responses: Json };
}

const all = { ...contract, ...rawContract };

let daemon: TestDaemon;
let document: Document;

beforeAll(async () => {
  daemon = await openDaemon();
  document = (await (await fetch(`${daemon.adminUrl}/openapi.json`)).json()) as Document;
});
afterAll(closeAll);

/** What the listener really has below the API's prefix. */
function routes(): string[] {
  const clock = new ManualClock();
  const app = createAdminApp({
    platform: daemon.daemon.platform,
    clock,
    nextId: createNextId(clock, () => 0.5),
    log: new RecordingLog(),
    redact: (text) => text,
    version: '0.0.0-test',
    rateLimits: { requestsPerSecond: 1, requestsPerSecondLoopback: 1 },
    acknowledgedIn: new Histogram(),
    stopping: new AbortController().signal,
  });
  return app.routes
    .filter(({ path }) => path.startsWith(`${apiPrefix}/`))
    .map(({ method, path }) => `${method} ${path.replace(apiPrefix, '').replace(/:(\w+)/g, '{$1}')}`);
}

const operations = (): (readonly [string, DocumentedOperation])[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]) =>
        [`${method.toUpperCase()} ${path.replace('/admin/v1', '')}`, operation] as const,
    ),
  );

/** A schema that stands by itself, with all that it refers to. */
function resolved(schema: Json): Json {
  const text = JSON.stringify({ ...schema, $defs: document.components.schemas });
  return JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')) as Json;
}

function schemasOf(operation: DocumentedOperation): Json[] {
  const body = operation.requestBody?.content['application/json'].schema;
  const responses = Object.values(operation.responses).flatMap(({ content }) =>
    Object.values(content ?? {}).flatMap(({ schema }) => (schema ? [schema] : [])),
  );
  return [...operation.parameters.map(({ schema }) => schema), ...(body ? [body] : []), ...responses];
}

describe('the document', () => {
  it('lists every route of the API, and nothing else', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.info).toMatchObject({ title: 'Palyra admin API', version: '0.0.0-test' });
    expect(
      operations()
        .map(([key]) => key)
        .toSorted(),
    ).toEqual(routes().toSorted());
    expect(operations()).toHaveLength(Object.keys(all).length);
  });

  it('says of what is no JSON what it is', () => {
    const contents = operations().flatMap(([key, { responses }]) =>
      key in rawContract ? [[key, responses['200']?.content]] : [],
    );

    expect(Object.fromEntries(contents)).toEqual({
      'GET /events/stream': { 'text/event-stream': {} },
      'GET /artifacts/{id}': { '*/*': {} },
    });
  });

  it('names each operation once, and says what it does and needs', () => {
    const ids = operations().map(([, { operationId }]) => operationId);

    expect(new Set(ids).size).toBe(ids.length);
    for (const [key, { summary, description }] of operations()) {
      const known = all[key as keyof typeof all];
      expect(summary).toBe(known.summary);
      for (const scope of 'scopes' in known ? known.scopes : [known.scope])
        expect(description).toContain(`\`${scope}\``);
    }
  });

  it('names the parameters that are in a path, all of them and no others', () => {
    for (const [key, { parameters }] of operations()) {
      const named = [...key.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const inPath = parameters.filter((parameter) => parameter.in === 'path');

      expect(inPath.map(({ name }) => name).toSorted()).toEqual(named.toSorted());
      expect(inPath.every(({ required }) => required)).toBe(true);
      expect(parameters.every((parameter) => ['path', 'query'].includes(parameter.in))).toBe(true);
    }
  });

  it('refers to nothing that is not there', () => {
    const text = JSON.stringify(document);
    const refs = [...text.matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)];
    const known = document.components as unknown as Record<string, Json>;

    expect(refs.length).toBeGreaterThan(50);
    expect(text.match(/"\$ref"/g)).toHaveLength(refs.length);
    for (const [, kind = '', name = ''] of refs) expect(known[kind]).toHaveProperty(name);
  });

  it('describes in JSON Schema, which a reader of it takes', () => {
    const schemas = [
      ...Object.values(document.components.schemas),
      ...operations().flatMap(([, operation]) => schemasOf(operation)),
    ];

    expect(schemas.length).toBeGreaterThan(100);
    for (const schema of schemas) expect(() => z.fromJSONSchema(resolved(schema))).not.toThrow();
  });

  it('holds no default that it would not take itself', () => {
    for (const [key, operation] of operations()) {
      const schema = operation.requestBody?.content['application/json'].schema;
      if (!schema) continue;
      const properties = (schema.properties ?? {}) as Record<string, Json>;
      for (const [name, property] of Object.entries(properties)) {
        if (!('default' in property)) continue;
        const { success } = z.fromJSONSchema(resolved(property)).safeParse(property.default);
        expect(`${key} ${name} ${success}`).toBe(`${key} ${name} true`);
      }
    }
  });
});

describe('what is answered', () => {
  /** Each list that there is, filled with something. */
  const reads = Object.keys(contract).filter((key) => key.startsWith('GET ') && !key.includes('{'));
  const ids: Record<string, string> = {};

  beforeAll(async () => {
    const hook = await addHook(daemon, { id: 'doc' });
    const { body } = await postGithub(hook);
    await daemon.traceUntil(body.event ?? '');
    const rejected = await postGithub(hook, { secret: 'a guess' });
    const operation = { op: 'send', text: '[nack]' } as const;
    const sent = await daemon.api('POST /messages', {
      body: { connector: 'echo:default', conversation: 'x', operation },
    });
    const { parts } = await daemon.traceUntil(sent.message);
    await daemon.api('PUT /secrets/{scope}/{key}', {
      params: { scope: 'global', key: 'x' },
      body: { value: 'something' },
    });
    Object.assign(ids, {
      'GET /channels/{id}': 'echo:default',
      'GET /channels/{id}/capabilities': 'echo:default',
      'GET /channels/{id}/logs': 'echo:default',
      'GET /traces/{id}': body.event,
      'GET /why/{id}': rejected.body.delivery,
      'GET /messages/{id}': sent.message,
      'GET /dead-letters/{id}': parts[0]?.id,
      'GET /webhooks/{id}': 'doc',
      'GET /webhooks/{id}/deliveries': 'doc',
      'GET /deliveries/{id}': body.delivery,
    });
  });

  async function isAsDocumented(key: string, path: string): Promise<void> {
    const found = operations().find(([name]) => name === key)?.[1];
    const schema = found?.responses['200']?.content?.['application/json']?.schema ?? {};
    const response = await daemon.request(`/admin/v1${path}`);
    const answer: unknown = await response.json();

    const parsed = z.fromJSONSchema(resolved(schema)).safeParse(answer);

    expect(response.status).toBe(200);
    expect(parsed.error?.issues ?? []).toEqual([]);
    // Nothing is there that the contract does not know: an answer is what it says, and no more.
    expect(unknownKeys(contract[key as Operation].response, answer)).toEqual([]);
  }

  it.each(reads)('to %s is as the document says', async (key) => {
    await isAsDocumented(key, key.replace('GET ', ''));
  });

  it.each([
    'GET /channels/{id}',
    'GET /channels/{id}/capabilities',
    'GET /channels/{id}/logs',
    'GET /traces/{id}',
    'GET /why/{id}',
    'GET /messages/{id}',
    'GET /dead-letters/{id}',
    'GET /webhooks/{id}',
    'GET /webhooks/{id}/deliveries',
    'GET /deliveries/{id}',
  ])('to %s is as the document says', async (key) => {
    await isAsDocumented(key, key.replace('GET ', '').replace('{id}', encodeURIComponent(ids[key] ?? '')));
  });

  it('in error is as the document says', async () => {
    const response = await daemon.request('/admin/v1/traces/nothing');
    const schema = document.components.schemas.Problem ?? {};

    const parsed = z.fromJSONSchema(resolved(schema)).safeParse(await response.json());

    expect(parsed.error?.issues ?? []).toEqual([]);
  });
});

/** What parsing by the contract drops, by its path. */
function unknownKeys(schema: z.ZodType, answer: unknown): string[] {
  return missingFrom(schema.parse(answer), answer, '');
}

function missingFrom(known: unknown, given: unknown, path: string): string[] {
  if (typeof given !== 'object' || given === null) return [];
  return Object.entries(given).flatMap(([key, value]) =>
    typeof known === 'object' && known !== null && key in known
      ? missingFrom((known as Json)[key], value, `${path}/${key}`)
      : [`${path}/${key}`],
  );
}
