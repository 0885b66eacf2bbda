import { z } from 'zod';
import type { RawContract } from './endpoint.ts';
import { IdParams } from './schemas.ts';

export const StreamQuery = z.strictObject({
  source: z.string().max(200).optional(),
  kind: z.string().max(64).optional(),
  after: z.string().max(20).optional().describe('As the header Last-Event-ID, which comes first'),
});

/** What the API answers that is no JSON. The handlers stand in `app.ts`. */
export const rawContract = {
  'GET /events/stream': {
    summary: 'Everything that happens, as server-sent events; the data of each is a JournalEntry',
    scopes: ['read'],
    query: StreamQuery,
    contentType: 'text/event-stream',
  },
  'GET /artifacts/{id}': {
    summary: 'A file that came with a message; Content-Type says what its bytes are',
    scopes: ['turns', 'read'],
    params: IdParams,
    contentType: '*/*',
  },
} satisfies RawContract;
