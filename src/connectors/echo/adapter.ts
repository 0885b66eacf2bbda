import { AppError } from '../../domain/errors.ts';
import { limits } from '../../domain/limits.ts';
import type { Capability, ConnectorAdapter, ConnectorOperation } from '../connector.ts';
import { EchoConfig } from './config.ts';
import { EchoPlatform } from './platform.ts';
import { openEchoSession } from './session.ts';

/**
 * A platform inside this process: what is sent to it is kept in a short list, and what is said to it comes
 * in as a message. For the tour, for tests, and for `palyra channels test`. `platforms` are those of the
 * accounts, by connector.
 */
export function createEchoAdapter(platforms = new Map<string, EchoPlatform>()): ConnectorAdapter<EchoConfig> {
  return {
    kind: 'echo',
    title: 'Echo (loopback)',
    configSchema: EchoConfig,
    needsSecret: false,
    capabilities: {
      operations: Object.fromEntries(
        operations.map(([name, risk]) => [name, capability(name, risk)]),
      ) as Record<ConnectorOperation, Capability>,
      inbound: ['message.created'],
      textMax: 2_000,
      idempotentSendMs: 0,
    },

    canonicalIdentity(entity, raw) {
      const id = raw.trim().replace(new RegExp(`^echo:${entity}:`), '');
      if (!/^[^\s:\p{Cc}]+$/u.test(id) || Buffer.byteLength(id) > limits.identityBytesMax) {
        throw new AppError(
          'invalid_request',
          `That is not an echo ${entity}. Use a name without spaces or colons.`,
        );
      }
      return entity === 'conversation' || entity === 'thread' ? id : `echo:${entity}:${id}`;
    },

    async open(host) {
      const platform = platforms.get(host.connectorId) ?? new EchoPlatform();
      platforms.set(host.connectorId, platform);
      return openEchoSession(host, platform);
    },
  };
}

const operations = [
  ['send', 'medium'],
  ['reply', 'medium'],
  ['thread', 'medium'],
  ['edit', 'conditional'],
  ['delete', 'conditional'],
  ['react', 'conditional'],
  ['typing', 'low'],
  ['read', 'low'],
  ['search', 'low'],
] as const;

function capability(name: ConnectorOperation, risk: Capability['risk']): Capability {
  return {
    supported: true,
    policyAction: name === 'send' ? 'channel.send' : `channel.message.${name}`,
    approval: 'none',
    risk,
    auditType: `message.${name}`,
    permissions: [],
  };
}
