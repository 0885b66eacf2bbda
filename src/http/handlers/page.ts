import type { PageRequest } from '../../domain/page.ts';

export function toPage({ limit, cursor }: { limit: number; cursor?: string | undefined }): PageRequest {
  return cursor === undefined ? { limit } : { limit, cursor };
}
