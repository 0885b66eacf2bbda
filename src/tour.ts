import type { Environment } from './config.ts';
import { isAppError } from './domain/errors.ts';
import type { Daemon } from './main.ts';

const demoId = 'demo';

/** Makes sure that there is a webhook to play with, and returns three commands that show the main job. */
export async function ensureDemo({ platform }: Daemon, env: Environment): Promise<readonly string[]> {
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
  const palyra = env.npm_lifecycle_event === 'start' ? 'npm run --silent palyra --' : 'palyra';
  return [
    '',
    'Try it in another terminal:',
    '  say something, and see the reply',
    `    ${palyra} channels test echo:default --text "hello"`,
    '  post a signed GitHub webhook, and see it arrive',
    `    ${palyra} webhooks test ${demoId} --event push`,
    '  follow what happens, step by step (then: trace <id>, why <id>)',
    `    ${palyra} logs --follow`,
    '',
    'Ctrl-C stops it. Nothing that was accepted is lost.',
  ];
}
