import { z } from 'zod';
import type { TokenScope } from '../../domain/token.ts';

const nothing = z.strictObject({});

/** One operation of the admin API: what goes in, what comes out, and who may. */
export interface Endpoint<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Response extends z.ZodType = z.ZodType,
> {
  readonly summary: string;
  /** A token needs this scope, or `admin`. */
  readonly scope: TokenScope;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly response: Response;
  readonly status: 200 | 201 | 202;
  /** Repeats with the same `Idempotency-Key` are harmless. */
  readonly idempotent: boolean;
  /** For what changes something. */
  readonly audit?: Audit;
}

/** What the audit log notes of a change. Never a field that may hold a secret. */
export interface Audit {
  readonly action: string;
  /** Default: what the path names, else the body's `id`, `name`, `connector` or `turn`. */
  readonly target?: string;
  /** Of the body. */
  readonly fields: readonly string[];
  /** Of the answer. */
  readonly answerFields: readonly string[];
}

type EndpointParts<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType> = Pick<
  Endpoint<P, Q, B, R>,
  'summary' | 'scope' | 'response'
> & {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly status?: 200 | 201 | 202;
  readonly idempotent?: true;
  readonly audit?: Pick<Audit, 'action'> & Partial<Audit>;
};

/** Fills in what an endpoint leaves out: it takes nothing there, and answers 200. */
export function endpoint<
  R extends z.ZodType,
  P extends z.ZodType = typeof nothing,
  Q extends z.ZodType = typeof nothing,
  B extends z.ZodType = typeof nothing,
>(parts: EndpointParts<P, Q, B, R>): Endpoint<P, Q, B, R> {
  return {
    summary: parts.summary,
    scope: parts.scope,
    params: parts.params ?? (nothing as unknown as P),
    query: parts.query ?? (nothing as unknown as Q),
    body: parts.body ?? (nothing as unknown as B),
    response: parts.response,
    status: parts.status ?? 200,
    idempotent: parts.idempotent ?? false,
    ...(parts.audit ? { audit: { fields: [], answerFields: [], ...parts.audit } } : {}),
  };
}

/** An operation whose answer is no JSON. It changes nothing, and answers 200. */
export interface RawEndpoint {
  readonly summary: string;
  /** A token needs one of these, or `admin`. */
  readonly scopes: readonly TokenScope[];
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  /** Of the answer; a range where it depends. */
  readonly contentType: string;
}

export type RawContract = Readonly<Record<string, RawEndpoint>>;

/** Keyed by method and path, e.g. `GET /channels/{id}`; the path stands below `/admin/v1`. */
export type Contract = Readonly<Record<string, Endpoint>>;
