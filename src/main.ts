import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { createAgent } from './agents/registry.ts';
import { ensureBootstrapToken } from './bootstrap-token.ts';
import { type Config, configHash } from './config.ts';
import { AdapterRegistry, defaultAdapters } from './connectors/registry.ts';
import type { ChannelPlatform } from './core/channel-platform.ts';
import { Engine, type EngineSettings } from './core/engine.ts';
import { prepareFirstStart } from './core/first-start.ts';
import type { Identity } from './core/platform/status.ts';
import { rememberSecrets } from './core/recent-secrets.ts';
import { startRetention } from './core/retention.ts';
import { redactedAdapter } from './core/redacted-adapter.ts';
import { redactedAgent } from './core/redacted-agent.ts';
import { WebhookReceiver } from './core/webhook-receiver.ts';
import { WebhookRejections } from './core/webhook-rejections.ts';
import { writeDaemonFile } from './daemon-file.ts';
import type { AgentSpec } from './domain/agent-spec.ts';
import type { ConnectorId } from './domain/ids.ts';
import type { VaultRef } from './domain/vault-ref.ts';
import { type Listeners, openListeners } from './http/listeners.ts';
import { compileBlocks, rememberBlocks } from './lib/address-blocks.ts';
import { createBlobFiles } from './lib/blob-files.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import { createGuardedFetch } from './lib/guarded-fetch.ts';
import { createNextId } from './lib/ids.ts';
import { createLogger, type Logger } from './lib/logger.ts';
import { Histogram } from './lib/metrics.ts';
import { Redactor } from './lib/redact.ts';
import type { Secret } from './lib/secret.ts';
import { createConnectSocket } from './lib/socket.ts';
import { takeStateDir } from './state-dir.ts';
import { openSqliteStore } from './store/sqlite/open.ts';
import type { Store } from './store/store.ts';
import { createKeySource } from './vault/create-key-source.ts';
import { createNoteSealer } from './vault/note-sealer.ts';
import { openVault } from './vault/vault.ts';
import { WebhookRegistry } from './webhooks/registry.ts';
import type { DaemonOptions, Ground } from './ground.ts';
import { wirePlatform } from './wire-platform.ts';

export interface Daemon {
  readonly identity: Identity;
  readonly platform: ChannelPlatform;
  readonly log: Logger;
  /** An error that nobody caught. True when a connector is to blame, whose session is then opened anew. */
  blame(id: ConnectorId | undefined, error: unknown): boolean;
  /** In good order: what is under way ends or goes back into its queue. Safe to call twice. */
  stop(): Promise<void>;
}

type Close = () => Promise<void> | void;

/**
 * Puts the daemon together and starts it. Resolves when it listens.
 * @throws AppError `conflict` when one runs in the state directory already; `unavailable` when a port is
 *   taken or the database cannot be opened; `config_invalid`.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { place, config, env, logTo, version, onFatal } = options;
  const clock = systemClock;
  const random = Math.random;
  const redactor = new Redactor();
  const log = createLogger(logTo, clock, redactor);
  const closing: Close[] = [];
  const stop = once(async () => {
    await closeAll(closing, log);
    log.info('daemon.stopped');
  });
  try {
    const stateDir = takeStateDir(place.stateDir);
    closing.push(() => stateDir.release());
    const opened = await openStore(stateDir.database, { clock, log, onFatal });
    closing.push(() => opened.close());
    const store = options.wrapStore?.(opened) ?? opened;
    const fetch = createGuardedFetch({ redactor, clock });
    closing.push(() => fetch.close());
    const connectSocket = createConnectSocket({ redactor, clock });
    const { masterKey } = config;
    const source =
      masterKey.kind === 'file'
        ? { kind: 'file' as const, path: masterKey.path ?? stateDir.masterKey }
        : masterKey;
    const vault = await openVault({
      store: store.secrets,
      source: createKeySource(source, { env, clock }),
      clock,
      redactor,
      log,
    });
    closing.push(() => vault.close());
    const identity = { current: unheard(options, clock.now()) };
    const adapters = createAdapters(options, redactor);
    const nextId = createNextId(clock, random);
    const ground: Ground = {
      options,
      store,
      vault,
      adapters,
      clock,
      nextId,
      random,
      redactor,
      log,
      fetch,
      connectSocket,
      files: createBlobFiles(stateDir.artifacts, clock),
      identity,
    };
    const daemon = await run(ground, closing);
    writeDaemonFile(stateDir.path, {
      pid: process.pid,
      ingressUrl: daemon.identity.ingressUrl,
      adminUrl: daemon.identity.adminUrl,
      version,
    });
    log.info('daemon.started', {
      ingress: daemon.identity.ingressUrl,
      admin: daemon.identity.adminUrl,
      version,
      pid: process.pid,
    });
    return { ...daemon, stop };
  } catch (error) {
    await closeAll(closing, log);
    throw error;
  }
}

/** The state directory is ours alone: whoever held a connector or a row in its database is dead. */
async function openStore(
  file: string,
  {
    clock,
    log,
    onFatal,
  }: { readonly clock: Clock; readonly log: Logger; readonly onFatal: DaemonOptions['onFatal'] },
): Promise<Store> {
  const { store, migrations } = await openSqliteStore(file, clock.now(), onFatal);
  for (const name of migrations) log.info('migration.applied', { name });
  await store.maintenance.endClaims(clock.now());
  return store;
}

/** Starts what moves, opens the listeners, and notes how each is closed. */
async function run(ground: Ground, closing: Close[]): Promise<Omit<Daemon, 'stop'>> {
  const { options, store, clock, log, identity, nextId } = ground;
  const { config, place } = options;
  await prepareFirstStart(store, clock.now());
  const engine = createEngine(ground);
  const registry = new WebhookRegistry(store.webhooks, clock);
  const receiver = createReceiver(ground, engine);
  const platform = wirePlatform(ground, engine, registry, receiver);
  await ensureBootstrapToken(place.stateDir, platform.tokens, ground.redactor);
  await watchConfiguration(ground, engine, registry, closing);
  await engine.start();
  closing.push(() => engine.stop());
  closing.push(
    startRetention({
      store,
      files: ground.files,
      keepFilesMs: config.attachments.keepMs,
      clock,
      log,
      everyMs: config.retention.everyMs,
      ages: config.retention,
    }),
  );

  const stopping = new AbortController();
  const acknowledgedIn = new Histogram();
  const listeners = await openListeners(place, {
    clock,
    log,
    ingress: {
      findIntegration: (id, token) => registry.authenticate(id, token),
      receiver,
      isTrustedProxy: compileBlocks(config.trustedProxies),
      clock,
      log,
      settings: config.ingress,
      acknowledgedIn,
    },
    admin: {
      platform,
      clock,
      nextId,
      log,
      redact: (text) => ground.redactor.redact(text),
      version: options.version,
      rateLimits: config.admin,
      acknowledgedIn,
      stopping: stopping.signal,
    },
  });
  closing.push(() => {
    log.info('daemon.stopping');
    stopping.abort();
    return listeners.close();
  });
  identity.current = heard(identity.current, listeners, config);
  return { identity: identity.current, platform, log, blame: (id, error) => blame(engine, id, error) };
}

/** What changes without a restart, and who has to hear of it. */
async function watchConfiguration(
  { store, vault, redactor, log }: Ground,
  engine: Engine,
  registry: WebhookRegistry,
  closing: Close[],
): Promise<void> {
  const reload = async (): Promise<void> => {
    await registry.reload();
    for (const { token, previousToken = '' } of registry.list()) {
      redactor.add(token);
      redactor.add(previousToken);
    }
  };
  await reload();
  closing.push(
    store.watch((topics) => {
      if (topics.has('webhooks'))
        reload().catch((error: unknown) => log.error('config.reload_failed', { what: 'webhooks', error }));
    }),
  );
  closing.push(
    vault.watch(({ state }) => {
      if (state === 'open') engine.supervisor.retryNow();
    }),
  );
}

function createAdapters(
  { adapters = defaultAdapters() }: DaemonOptions,
  redactor: Redactor,
): AdapterRegistry {
  const redact = (text: string): string => redactor.redact(text);
  return new AdapterRegistry(adapters.map((adapter) => redactedAdapter(adapter, redact)));
}

function createEngine({ options, ...ground }: Ground): Engine {
  const { vault, clock, fetch, redactor } = ground;
  const resolveSecret = (ref: VaultRef): Promise<Secret> => vault.resolve(ref);
  return new Engine({
    ...ground,
    createAgent: (spec: AgentSpec) =>
      redactedAgent(createAgent(spec, { fetch, resolveSecret, clock, version: options.version }), (text) =>
        redactor.redact(text),
      ),
    resolveSecret,
    sealer: createNoteSealer(vault),
    owner: `${hostname()}:${process.pid}:${randomBytes(6).toString('hex')}`,
    settings: engineSettings(options.config),
  });
}

function createReceiver(
  { options, store, vault, clock, nextId, log, redactor }: Ground,
  { ingest }: Engine,
): WebhookReceiver {
  const blocksOf = rememberBlocks();
  const { rejectedKeptMax: keptMax, rejectedBodyBytesMax: bodyBytesMax } = options.config.ingress;
  return new WebhookReceiver({
    ingest,
    store: store.webhooks,
    rejections: new WebhookRejections({ store: store.webhooks, clock, log, keptMax, bodyBytesMax }),
    resolveSecret: rememberSecrets({
      resolve: (ref) => vault.resolve(ref),
      watch: (listener) => store.watch(listener),
      clock,
    }),
    isAllowedSource: ({ allowedSources }, address) =>
      allowedSources.length === 0 || blocksOf(allowedSources)(address),
    redact: (text) => redactor.redact(text),
    clock,
    nextId,
    log,
    keptMax,
  });
}

function engineSettings({ inbox, outbox, worker, connectors, attachments }: Config): EngineSettings {
  return {
    inboxDepthMax: inbox.depthMax,
    inboxWorker: { ...worker, inFlightMax: inbox.inFlightMax, perSourceMax: inbox.perSourceMax },
    outboxWorker: { ...worker, inFlightMax: outbox.inFlightMax, perSourceMax: outbox.perConnectorMax },
    events: { ...inbox, outboxDepthMax: outbox.depthMax },
    attemptMs: outbox.attemptMs,
    retry: { ...outbox, backoffMsMin: outbox.retryMsMin, backoffMsMax: outbox.retryMsMax },
    connectors,
    attachments,
  };
}

function blame({ supervisor }: Engine, id: ConnectorId | undefined, error: unknown): boolean {
  if (id === undefined) return false;
  supervisor.crash(id, error);
  return true;
}

function unheard({ version, place }: DaemonOptions, startedAt: number): Identity {
  return {
    version,
    pid: process.pid,
    startedAt,
    ingressUrl: '',
    adminUrl: '',
    publicUrl: '',
    stateDir: place.stateDir,
    configHash: configHash(place.stateDir),
  };
}

function heard(identity: Identity, { ingressUrl, adminUrl }: Listeners, { publicUrl }: Config): Identity {
  return { ...identity, ingressUrl, adminUrl, publicUrl: (publicUrl ?? ingressUrl).replace(/\/$/, '') };
}

/** The latest first. What cannot be closed in good order must not keep the rest open. */
async function closeAll(closing: readonly Close[], log: Logger): Promise<void> {
  for (const close of closing.toReversed()) {
    try {
      await close();
    } catch (error) {
      log.error('daemon.close_failed', { error });
    }
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}
