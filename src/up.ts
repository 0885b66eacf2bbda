import type { UpOptions } from './cli/commands/up.ts';
import { type Config, loadConfig, type Overrides } from './config.ts';
import { currentConnector } from './core/connector-scope.ts';
import { AppError, errorTable } from './domain/errors.ts';
import { heedSignals } from './heed-signals.ts';
import { systemClock } from './lib/clock.ts';
import { describeError, type LogSink } from './lib/logger.ts';
import { type Daemon, startDaemon } from './main.ts';
import { type Environment, placeOf } from './place.ts';
import { ensureDemo, tour } from './tour.ts';

export interface UpWorld {
  readonly env: Environment;
  readonly version: string;
  /** The file that Node was told to run. */
  readonly script: string;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

/** Runs the daemon in this process until a signal stops it, or something that cannot be mended. */
export async function up(options: UpOptions, world: UpWorld): Promise<void> {
  const { env, version, stdout, stderr } = world;
  // Everything that the daemon writes is its own user's alone.
  process.umask(0o077);
  const place = placeOf(options, env);
  const config = loadConfig(place.stateDir, overridesOf(options, env));
  const ended = Promise.withResolvers<AppError | undefined>();
  const daemon = await startDaemon({
    place,
    config,
    env,
    version,
    logTo: logSink(options, config, stderr),
    onFatal: ended.resolve,
  });
  const release = watchProcess(daemon, ended.resolve);
  try {
    if (options.demo) await ensureDemo(daemon);
    stdout.write(options.json ? toJson(daemon) : greeting(daemon, options.demo ? tour(place, world) : []));
    const fatal = await ended.promise;
    if (fatal) throw fatal;
  } finally {
    await daemon.stop();
    release();
  }
}

function overridesOf({ publicUrl, logLevel }: UpOptions, env: Environment): Overrides {
  const url = publicUrl ?? (env.PALYRA_PUBLIC_URL || undefined);
  return {
    ...(url === undefined ? {} : { publicUrl: { from: '--public-url / PALYRA_PUBLIC_URL', value: url } }),
    ...(logLevel === undefined ? {} : { logLevel: { from: '--log-level', value: logLevel } }),
  };
}

function logSink({ logFormat }: UpOptions, { logLevel }: Config, stderr: UpWorld['stderr']): LogSink {
  return {
    write: (line) => stderr.write(line),
    format: logFormat ?? (stderr.isTTY === true ? 'text' : 'json'),
    level: logLevel,
  };
}

/** Signals stop it in good order; a later one at once. What a connector throws outside of any call costs its session only. */
export function watchProcess(daemon: Daemon, end: (fatal: AppError | undefined) => void): () => void {
  const onSignal = heedSignals(
    systemClock,
    () => end(undefined),
    () => process.exit(errorTable.unavailable.exit),
  );
  const onError = (error: unknown): void => {
    if (daemon.blame(currentConnector(), error)) return;
    daemon.log.error('daemon.failed', { error });
    end(
      new AppError(
        'internal',
        `The daemon met a bug and stops: ${describeError(error).split('\n')[0] ?? ''}`,
        { cause: error },
      ),
    );
  };
  const listeners = [
    ['SIGINT', onSignal],
    ['SIGTERM', onSignal],
    ['SIGHUP', onSignal],
    ['uncaughtException', onError],
    ['unhandledRejection', onError],
  ] as const;
  for (const [event, listener] of listeners) process.on(event, listener);
  return () => {
    for (const [event, listener] of listeners) process.off(event, listener);
  };
}

function toJson({ identity }: Daemon): string {
  const { version, pid, ingressUrl, adminUrl, stateDir } = identity;
  return `${JSON.stringify({ version, pid, ingressUrl, adminUrl, stateDir }, null, 2)}\n`;
}

function greeting({ identity }: Daemon, more: readonly string[]): string {
  const { version, ingressUrl, adminUrl, stateDir } = identity;
  const lines = [
    `palyra ${version} is up.`,
    `  webhooks come in at  ${ingressUrl}`,
    `  the API listens at   ${adminUrl}`,
    `  its state is in      ${stateDir}`,
  ];
  return `${[...lines, ...more].join('\n')}\n`;
}
