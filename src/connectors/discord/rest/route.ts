import { AppError } from '../../../domain/errors.ts';
import type { RestRequest } from './request.ts';

/** What of a request the limits and the memory of refusals go by. Never shown: a path may hold a token. */
export interface Target {
  /** With its query. */
  readonly path: string;
  /** Method and template: what limits are learned for. */
  readonly route: string;
  /** The top-level resource, e.g. `channels/1`; empty where there is none. */
  readonly resource: string;
  /** Method and path: this very object. */
  readonly exact: string;
}

const templatePattern = /^(\/(\{[a-z]+\}|[a-z@][a-z0-9@_-]*))+$/;
const paramBytesMax = 512;

/** How many segments name the top-level resource: https://docs.discord.com/developers/topics/rate-limits */
const resourceSegments: Readonly<Record<string, number>> = {
  channels: 2,
  guilds: 2,
  webhooks: 3,
  interactions: 3,
};

/**
 * Fills in a template. Every parameter becomes one segment, whatever it holds.
 * @throws AppError `invalid_request` when a parameter is missing, empty, a dot segment, or no text.
 */
export function toTarget({
  method,
  route,
  params,
  query,
}: Pick<RestRequest, 'method' | 'route' | 'params' | 'query'>): Target {
  if (!templatePattern.test(route))
    throw new AppError('invalid_request', 'The template of a route is malformed.');
  const segments = route
    .slice(1)
    .split('/')
    .map((segment) => (segment.startsWith('{') ? encodeParam(segment.slice(1, -1), params) : segment));
  const path = `/${segments.join('/')}`;
  const search = query === undefined ? '' : new URLSearchParams(query).toString();
  return {
    path: search === '' ? path : `${path}?${search}`,
    route: `${method} ${route}`,
    resource: resourceOf(segments, route),
    exact: `${method} ${path}`,
  };
}

function encodeParam(name: string, params: Readonly<Record<string, string>>): string {
  const value = Object.hasOwn(params, name) ? params[name] : undefined;
  const isSegment =
    value !== undefined &&
    value !== '' &&
    value !== '.' &&
    value !== '..' &&
    value.isWellFormed() &&
    Buffer.byteLength(value) <= paramBytesMax;
  if (!isSegment)
    throw new AppError(
      'invalid_request',
      `The ${name} of a request is missing, empty or not one segment of a path.`,
    );
  return encodeURIComponent(value);
}

function resourceOf(segments: readonly string[], route: string): string {
  const count = resourceSegments[segments[0] ?? ''] ?? 0;
  const isNamed = route.split('/')[2]?.startsWith('{') === true;
  return isNamed ? segments.slice(0, count).join('/') : '';
}
