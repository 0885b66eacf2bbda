import type { UpOptions } from './cli/commands/up.ts';
import { type Environment, loadConfig, placeOf } from './config.ts';
import { currentConnector } from './core/connector-scope.ts';
import { AppError, errorTable } from './domain/errors.ts';
import { describeError, type LogSink } from './lib/logger.ts';
import { type Daemon, startDaemon } from './main.ts';
import { ensureDemo } from './tour.ts';

export interface UpWorld {
  readonly env: Environment;
  readonly version: string;
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

/** Runs the daemon in this process until a signal stops it, or something that cannot be mended. */
export async function up(options: UpOptions, { env, version, stdout, stderr }: UpWorld): Promise<void> {
  // Everything that the daemon writes is its own user's alone.
  process.umask(0o077);
  const place = placeOf(options, env);
  const config = loadConfig(place.stateDir, {
    publicUrl: options.publicUrl ?? (env.PALYRA_PUBLIC_URL || undefined),
    logLevel: options.logLevel,
  });
  const ended = Promise.withResolvers<AppError | undefined>();
  const daemon = await startDaemon({
    place,
    config,
    env,
    version,
    logTo: logSink(options, config.logLevel, stderr),
    onFatal: ended.resolve,
  });
  const release = watchProcess(daemon, ended.resolve);
  stdout.write(await greeting(daemon, options.demo, env));
  const fatal = await ended.promise;
  await daemon.stop();
  release();
  if (fatal) throw fatal;
}

function logSink({ logFormat }: UpOptions, level: LogSink['level'], stderr: UpWorld['stderr']): LogSink {
  if (logFormat !== undefined && logFormat !== 'json' && logFormat !== 'text') {
    throw new AppError('config_invalid', '--log-format is json or text.');
  }
  return {
    write: (line) => stderr.write(line),
    format: logFormat ?? (stderr.isTTY === true ? 'text' : 'json'),
    level,
  };
}

/** Signals stop it in good order; a second one at once. What a connector throws outside of any call costs its session only. */
function watchProcess(daemon: Daemon, end: (fatal: AppError | undefined) => void): () => void {
  let stopping = false;
  const onSignal = (): void => {
    if (stopping) process.exit(errorTable.unavailable.exit);
    stopping = true;
    end(undefined);
  };
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
  process
    .on('SIGINT', onSignal)
    .on('SIGTERM', onSignal)
    .on('uncaughtException', onError)
    .on('unhandledRejection', onError);
  return () => {
    process
      .off('SIGINT', onSignal)
      .off('SIGTERM', onSignal)
      .off('uncaughtException', onError)
      .off('unhandledRejection', onError);
  };
}

async function greeting(daemon: Daemon, demo: boolean, env: Environment): Promise<string> {
  const { version, ingressUrl, adminUrl, stateDir } = daemon.identity;
  const lines = [
    `palyra ${version} is up.`,
    `  webhooks come in at  ${ingressUrl}`,
    `  the API listens at   ${adminUrl}`,
    `  its state is in      ${stateDir}`,
  ];
  return `${[...lines, ...(demo ? await ensureDemo(daemon, env) : [])].join('\n')}\n`;
}
