import { z } from 'zod';
import { errorTable } from '../../domain/errors.ts';
import type { Contract, Endpoint, RawContract, RawEndpoint } from '../contract/endpoint.ts';
import { Problem } from '../contract/schemas.ts';
import { apiPrefix } from './mount.ts';

type Json = Record<string, unknown>;

/** The OpenAPI 3.1 document of a contract, and of what is no JSON. Schemas with an id become components. */
export function openApiDocument(contract: Contract, raw: RawContract, version: string): Json {
  const components: Record<string, Json> = {};
  const toSchema: ToSchema = (schema, io) =>
    hoist(z.toJSONSchema(schema, { io, unrepresentable: 'any' }), components);
  const paths: Record<string, Record<string, Json>> = {};
  const add = (key: string, operation: Json): void => {
    const [method = '', path = ''] = key.split(' ');
    (paths[`${apiPrefix}${path}`] ??= {})[method.toLowerCase()] = { operationId: key, ...operation };
  };
  for (const [key, endpoint] of Object.entries(contract)) add(key, operation(endpoint, toSchema));
  for (const [key, endpoint] of Object.entries(raw)) add(key, rawOperation(endpoint, toSchema));
  const problem = { 'application/problem+json': { schema: toSchema(Problem, 'output') } };
  return {
    openapi: '3.1.0',
    info: { title: 'Palyra admin API', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      responses: { Problem: { description: Object.keys(errorTable).join(', '), content: problem } },
      schemas: components,
    },
  };
}

type ToSchema = (schema: z.ZodType, io: 'input' | 'output') => Json;

function operation({ scope, body, status, response, ...rest }: Endpoint, toSchema: ToSchema): Json {
  const taken = toSchema(body, 'input');
  const takesBody = Object.keys(taken.properties ?? {}).length > 0 || taken.type !== 'object';
  return {
    ...request({ ...rest, scopes: [scope] }, toSchema),
    ...(takesBody
      ? { requestBody: { required: true, content: { 'application/json': { schema: taken } } } }
      : {}),
    responses: responses(status, { 'application/json': { schema: toSchema(response, 'output') } }),
  };
}

function rawOperation(endpoint: RawEndpoint, toSchema: ToSchema): Json {
  return { ...request(endpoint, toSchema), responses: responses(200, { [endpoint.contentType]: {} }) };
}

function request(
  { summary, scopes, params, query }: Omit<RawEndpoint, 'contentType'>,
  toSchema: ToSchema,
): Json {
  return {
    summary,
    description: `Needs a token with scope ${[...scopes, 'admin'].map((scope) => `\`${scope}\``).join(' or ')}.`,
    parameters: [
      ...(params ? parameters(toSchema(params, 'input'), 'path') : []),
      ...(query ? parameters(toSchema(query, 'input'), 'query') : []),
    ],
  };
}

function responses(status: number, content: Json): Json {
  return { [status]: { description: 'OK', content }, default: { $ref: '#/components/responses/Problem' } };
}

function parameters(schema: Json, where: 'path' | 'query'): Json[] {
  const required = new Set((schema.required as string[] | undefined) ?? []);
  return Object.entries((schema.properties ?? {}) as Record<string, Json>).map(([name, property]) => ({
    name,
    in: where,
    required: where === 'path' || required.has(name),
    schema: property,
  }));
}

/** Moves what Zod collects under `$defs` to the document's components. */
function hoist({ $schema: _dialect, $defs, ...schema }: Json, components: Record<string, Json>): Json {
  for (const [id, definition] of Object.entries(($defs ?? {}) as Record<string, Json>)) {
    components[id] ??= redirect(hoist(definition, components));
  }
  return redirect(schema);
}

function redirect(schema: Json): Json {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as Json;
}
