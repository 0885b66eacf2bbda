import { basename } from 'node:path';
import { isAppError } from './domain/errors.ts';
import type { Daemon } from './main.ts';
import { type Environment, stateDirOf } from './place.ts';

const demoId = 'demo';

/** Makes sure that there is a webhook to play with. */
export async function ensureDemo({ platform }: Daemon): Promise<void> {
  try {
    await platform.webhooks.get(demoId);
  } catch (error) {
    if (!isAppError(error, 'not_found')) throw error;
    await platform.webhooks.add({
      id: demoId,
      provider: 'github',
      secret: { from: 'generate' },
      settings: {},
      allowedEvents: [],
      allowedSources: [],
      enabled: true,
    });
  }
}

interface TourWorld {
  readonly env: Environment;
  readonly script: string;
}

/** Three commands that show the main job, as they work when pasted into another terminal. */
export function tour({ stateDir }: { readonly stateDir: string }, world: TourWorld): readonly string[] {
  const palyra = invocation(world);
  // What another terminal finds by itself need not be said.
  const found = stateDirOf(undefined, { ...world.env, PALYRA_STATE_DIR: undefined });
  const where = found === stateDir ? '' : ` --state-dir ${quoted(stateDir)}`;
  return [
    '',
    'Try it in another terminal:',
    '  say something, and see the reply',
    `    ${palyra} channels test echo:default --text "hello"${where}`,
    '  post a signed GitHub webhook, and see it arrive',
    `    ${palyra} webhooks test ${demoId} --event push${where}`,
    '  follow the trace of the newest event, step by step',
    `    ${palyra} trace latest${where}`,
    '',
    `Everything, as it happens: ${palyra} logs --follow${where}`,
    'Ctrl-C stops it. Nothing that was accepted is lost.',
  ];
}

/** How this program was called, for calling it again. */
function invocation({ env, script }: TourWorld): string {
  if (env.npm_lifecycle_event === 'start') return 'npm run --silent palyra --';
  if (env.npm_command === 'exec') return 'npx palyra';
  return basename(script) === 'palyra' ? 'palyra' : `node ${quoted(script)}`;
}

/** For a shell. */
function quoted(text: string): string {
  return /^[\w./:@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
