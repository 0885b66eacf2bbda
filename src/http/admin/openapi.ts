import { z } from 'zod';
import { errorTable } from '../../domain/errors.ts';
import type { Contract, Endpoint } from '../contract/endpoint.ts';
import { Problem } from '../contract/schemas.ts';
import { apiPrefix } from './mount.ts';

type Json = Record<string, unknown>;

/** The OpenAPI 3.1 document of a contract. Schemas with an id become components. */
export function openApiDocument(contract: Contract, version: string): Json {
  const components: Record<string, Json> = {};
  const toSchema = (schema: z.ZodType, io: 'input' | 'output'): Json =>
    hoist(z.toJSONSchema(schema, { io, unrepresentable: 'any' }), components);
  const paths: Record<string, Record<string, Json>> = {};
  for (const [key, endpoint] of Object.entries(contract)) {
    const [method = '', path = ''] = key.split(' ');
    (paths[`${apiPrefix}${path}`] ??= {})[method.toLowerCase()] = operation(key, endpoint, toSchema);
  }
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

function operation(
  key: string,
  endpoint: Endpoint,
  toSchema: (schema: z.ZodType, io: 'input' | 'output') => Json,
): Json {
  const body = toSchema(endpoint.body, 'input');
  const takesBody = Object.keys(body.properties ?? {}).length > 0 || body.type !== 'object';
  return {
    operationId: key,
    summary: endpoint.summary,
    description: `Needs a token with scope \`${endpoint.scope}\` or \`admin\`.`,
    parameters: [
      ...parameters(toSchema(endpoint.params, 'input'), 'path'),
      ...parameters(toSchema(endpoint.query, 'input'), 'query'),
    ],
    ...(takesBody
      ? { requestBody: { required: true, content: { 'application/json': { schema: body } } } }
      : {}),
    responses: {
      [endpoint.status]: {
        description: 'OK',
        content: { 'application/json': { schema: toSchema(endpoint.response, 'output') } },
      },
      default: { $ref: '#/components/responses/Problem' },
    },
  };
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
