import type { Bot } from './entities.ts';
import type { Json } from './form.ts';
import type { UploadedFile } from './messages.ts';
import type { BucketName } from './rate-limits.ts';

export interface Call {
  readonly method: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The JSON body, or `payload_json` of a multipart one; {} when there is none. */
  readonly body: Json;
  /** The body when it is an array. */
  readonly list: readonly unknown[] | undefined;
  /** Uploaded files by the number in their field name, `files[0]`. */
  readonly files: ReadonlyMap<string, UploadedFile>;
}

export interface BotCall extends Call {
  readonly bot: Bot;
}

export interface Reply {
  readonly status: number;
  readonly body?: unknown;
}

interface RouteBase {
  readonly method: string;
  readonly template: string;
  /** Absent: not limited per route. */
  readonly bucket?: BucketName;
}

export type Route = RouteBase &
  (
    | { readonly auth: 'bot'; readonly run: (call: BotCall) => Reply }
    /** Without a token in the header, and outside of the global limit. */
    | { readonly auth: 'none'; readonly run: (call: Call) => Reply }
  );

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export function botRoute(
  method: Method,
  template: string,
  bucket: BucketName,
  run: (call: BotCall) => Reply,
): Route {
  return { method, template, bucket, auth: 'bot', run };
}

export function openRoute(
  method: Method,
  template: string,
  bucket: BucketName | undefined,
  run: (call: Call) => Reply,
): Route {
  return { method, template, ...(bucket === undefined ? {} : { bucket }), auth: 'none', run };
}

export const ok = (body: unknown): Reply => ({ status: 200, body });
export const created = (body: unknown): Reply => ({ status: 201, body });
export const done: Reply = { status: 204 };
