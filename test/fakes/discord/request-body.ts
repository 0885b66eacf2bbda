import { type Json, record } from './form.ts';
import { ApiError, refuse } from './api-error.ts';
import { parseMultipart } from './multipart.ts';
import type { UploadedFile } from './messages.ts';

export interface ParsedBody {
  readonly json: Json;
  readonly list: readonly unknown[] | undefined;
  readonly files: ReadonlyMap<string, UploadedFile>;
}

/** @throws ApiError 50109 for JSON that is none, 50035 for another type of content. */
export function parseBody(contentType: string, bytes: Buffer): ParsedBody {
  if (bytes.byteLength === 0) return { json: {}, list: undefined, files: new Map() };
  if (contentType.startsWith('application/json')) return { ...parseJson(bytes.toString()), files: new Map() };
  if (contentType.startsWith('multipart/form-data')) return ofMultipart(contentType, bytes);
  throw new ApiError(400, 50035, 'Invalid Form Body', {
    errors: {
      _errors: [
        {
          code: 'CONTENT_TYPE_INVALID',
          message: 'Expected "Content-Type" header to be one of {"application/json", "multipart/form-data"}.',
        },
      ],
    },
  });
}

function parseJson(text: string): { json: Json; list: readonly unknown[] | undefined } {
  try {
    const value: unknown = JSON.parse(text);
    return { json: record(value), list: Array.isArray(value) ? (value as unknown[]) : undefined };
  } catch {
    return refuse('invalidJson');
  }
}

function ofMultipart(contentType: string, bytes: Buffer): ParsedBody {
  const fields = parseMultipart(contentType, bytes) ?? refuse('invalidJson');
  const payload = fields.find(({ name }) => name === 'payload_json');
  const { json, list } = payload
    ? parseJson(Buffer.from(payload.bytes).toString())
    : { json: {}, list: undefined };
  const files = new Map<string, UploadedFile>();
  for (const { name, filename, contentType: type, bytes: content } of fields) {
    const index = /^files\[(\d+)\]$/.exec(name)?.[1];
    if (index !== undefined && filename !== undefined)
      files.set(index, { filename, contentType: type, bytes: content });
  }
  return { json, list, files };
}
