import { randomBytes } from 'node:crypto';
import { agentKinds, createAgent } from './agents/registry.ts';
import { ChannelPlatform } from './core/channel-platform.ts';
import type { Engine } from './core/engine.ts';
import { Health } from './core/health.ts';
import { Agents } from './core/platform/agents.ts';
import { Approvals } from './core/platform/approvals.ts';
import { Channels } from './core/platform/channels.ts';
import { Deliveries } from './core/platform/deliveries.ts';
import { Messages } from './core/platform/messages.ts';
import { Onboarding } from './core/platform/onboarding.ts';
import { Operations } from './core/platform/operations.ts';
import { Pairings } from './core/platform/pairings.ts';
import { Rules } from './core/platform/rules.ts';
import { Secrets } from './core/platform/secrets.ts';
import { Tokens } from './core/platform/tokens.ts';
import { Webhooks } from './core/platform/webhooks.ts';
import { redactedAgent } from './core/redacted-agent.ts';
import type { WebhookReceiver } from './core/webhook-receiver.ts';
import { compileBlocks } from './lib/address-blocks.ts';
import { newToken } from './state-dir.ts';
import type { WebhookRegistry } from './webhooks/registry.ts';
import type { Ground } from './ground.ts';

/** The one face of the daemon, on top of what moves. */
export function wirePlatform(
  ground: Ground,
  engine: Engine,
  registry: WebhookRegistry,
  receiver: WebhookReceiver,
): ChannelPlatform {
  const { options, vault, identity } = ground;
  const { supervisor, policy, plan, ingest } = engine;
  const vaultLocked = (): string | undefined => {
    const status = vault.status();
    return status.state === 'locked' ? status.why : undefined;
  };
  const messages = new Messages({ ...ground, plan, depthMax: options.config.outbox.depthMax });
  return new ChannelPlatform({
    ...ground,
    identity: () => identity.current,
    health: new Health({ ...ground, supervisor, vaultLocked }),
    channels: new Channels({ ...ground, supervisor }),
    messages,
    operations: new Operations({ ...ground, supervisor, messages }),
    approvals: new Approvals({ ...ground, plan, depthMax: options.config.outbox.depthMax }),
    pairings: new Pairings({ ...ground, policy, newPairingCode }),
    onboarding: new Onboarding({
      ...ground,
      supervisor,
      policy,
      liveMsMax: options.config.connectors.openTimeoutMs + liveGraceMs,
    }),
    rules: new Rules({ ...ground, policy }),
    webhooks: new Webhooks({
      ...ground,
      registry,
      policy,
      publicUrl: () => identity.current.publicUrl,
      ingressUrl: () => identity.current.ingressUrl,
      checkBlocks: (blocks) => void compileBlocks(blocks),
    }),
    deliveries: new Deliveries({ ...ground, registry, receiver, ingest }),
    agents: new Agents({
      ...ground,
      directory: engine.agents,
      kinds: agentKinds().map(({ kind }) => kind),
      createAgent: (spec) =>
        redactedAgent(
          createAgent(spec, {
            ...ground,
            resolveSecret: (ref) => vault.resolve(ref),
            version: options.version,
          }),
          (text) => ground.redactor.redact(text),
        ),
    }),
    secrets: new Secrets({ vault, supervisor }),
    tokens: new Tokens({ ...ground, newToken }),
  });
}

/** How much longer than the opening itself a setup waits for a session. */
const liveGraceMs = 5_000;

/** Crockford's alphabet, without what is mistaken for something else: 40 bits in eight characters. */
function newPairingCode(): string {
  return Array.from(randomBytes(8), (byte) => '0123456789ABCDEFGHJKMNPQRSTVWXYZ'[byte % 32]).join('');
}
