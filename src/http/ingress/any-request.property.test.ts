import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDaemon, type TestDaemon } from '../../../test/support/daemon.ts';
import { closeAll } from '../../../test/support/egress.ts';
import {
  answersTo,
  anyBytes,
  anyCuts,
  anyEdits,
  anyHeaders,
  anyMethod,
  anyPath,
  edited,
  faultsIn,
  inPieces,
} from '../../../test/support/fuzz.ts';
import {
  addHook,
  githubHeaders,
  type Hook,
  postGithub,
  pushBody,
  rawRequest,
} from '../../../test/support/hooks.ts';

let daemon: TestDaemon;
let hook: Hook;

beforeAll(async () => {
  daemon = await openDaemon();
  hook = await addHook(daemon, { id: 'any', payloadBytesMax: 2_000 });
});
afterAll(async () => {
  // Whatever came before, it still works, and nothing was met that nobody had thought of.
  expect((await postGithub(hook, { body: '{"last":1}' })).status).toBe(202);
  expect(daemon.lines.filter(({ level }) => level === 'error')).toEqual([]);
  await closeAll();
});

async function check(data: Buffer, cuts: readonly number[]): Promise<void> {
  const answers = await answersTo(daemon.ingressUrl, inPieces(data, cuts));

  expect(faultsIn(answers)).toEqual([]);
}

describe('the ingress listener answers in good order and ends', () => {
  it('whatever bytes come in', () =>
    fc.assert(fc.asyncProperty(anyBytes(400), anyCuts, check), { numRuns: 200 }));

  it('whatever is changed in a good request', () =>
    fc.assert(
      fc.asyncProperty(anyEdits, anyCuts, async (edits, cuts) => {
        const good = rawRequest(`POST ${hook.path}`, await githubHeaders(), pushBody);

        await check(edited(good, edits), cuts);
      }),
      { numRuns: 300 },
    ));

  it('whatever method, path, headers and body a request has', () => {
    const target = fc.oneof(anyPath('any'), fc.constant(''));
    return fc.assert(
      fc.asyncProperty(
        anyMethod,
        target,
        anyHeaders,
        fc.oneof(
          anyBytes(3_000),
          fc.json().map((json) => Buffer.from(json)),
        ),
        fc.constantFrom('length', 'chunked', 'too long', 'too short', 'none'),
        anyCuts,
        async (method, path, headers, body, framing, cuts) => {
          const framed = frame(body, framing);
          const request = rawRequest(
            `${method} ${path || hook.path}`,
            [...headers, ...framed.headers],
            framed.body,
          );

          await check(request, cuts);
        },
      ),
      { numRuns: 400 },
    );
  });
});

function frame(body: Buffer, framing: string): { headers: [string, string][]; body: Buffer } {
  switch (framing) {
    case 'chunked': {
      const chunk = [Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')];
      const whole = body.length === 0 ? Buffer.from('0\r\n\r\n') : Buffer.concat(chunk);
      return { headers: [['transfer-encoding', 'chunked']], body: whole };
    }
    case 'too long':
      return { headers: [['content-length', String(body.length + 7)]], body };
    case 'too short':
      return { headers: [['content-length', String(Math.floor(body.length / 2))]], body };
    case 'none':
      return { headers: [['content-length', '0']], body };
    default:
      return { headers: [], body };
  }
}
