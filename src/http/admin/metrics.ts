import { formatMetrics, type Histogram, type MetricFamily } from '../../lib/metrics.ts';
import type { Clock } from '../../lib/clock.ts';
import type { ChannelPlatform } from '../../core/channel-platform.ts';
import { isReceiving } from '../../core/platform/channels.ts';

export interface MetricsDeps {
  readonly platform: ChannelPlatform;
  readonly clock: Clock;
  readonly acknowledgedIn: Histogram;
}

/** https://prometheus.io/docs/instrumenting/exposition_formats/ */
export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

/** What Prometheus scrapes. Counts come from the store's own counters, so they survive a restart. */
export async function renderMetrics({ platform, clock, acknowledgedIn }: MetricsDeps): Promise<string> {
  const { gauges, totals, lastEvents, lag } = await platform.counters(clock.now());
  const channels = await platform.channels.list();
  const families: readonly MetricFamily[] = [
    {
      name: 'palyra_events_total',
      help: 'What happened, by source and kind',
      type: 'counter',
      samples: totals.map(({ source, kind, count }) => ({ labels: { source, kind }, value: count })),
    },
    {
      name: 'palyra_last_event_timestamp_seconds',
      help: 'When the newest event of a source was accepted, Unix time',
      type: 'gauge',
      samples: lastEvents.map(({ source, at }) => ({ labels: { source }, value: at / 1_000 })),
    },
    {
      name: 'palyra_queue_rows',
      help: 'Rows that are pending, dead or held',
      type: 'gauge',
      samples: gauges.map(({ source, queue, state, count }) => ({
        labels: { source, queue, state },
        value: count,
      })),
    },
    {
      name: 'palyra_queue_lag_seconds',
      help: 'How long the longest-due lane has waited for a worker',
      type: 'gauge',
      samples: [
        { labels: { queue: 'inbox' }, value: lag.inboxMs / 1_000 },
        { labels: { queue: 'outbox' }, value: lag.outboxMs / 1_000 },
      ],
    },
    {
      name: 'palyra_connector_up',
      help: '1 while the connector has a live session that hears its platform',
      type: 'gauge',
      samples: channels.map((channel) => ({
        labels: { connector: channel.id },
        value: isReceiving(channel) ? 1 : 0,
      })),
    },
    {
      name: 'palyra_connector_restarts_total',
      help: 'Sessions that had to be opened again since the daemon started',
      type: 'counter',
      samples: channels.map(({ id, restarts }) => ({ labels: { connector: id }, value: restarts })),
    },
    {
      name: 'palyra_ingress_acknowledged_seconds',
      help: 'From the headers of a webhook request to its acknowledgement, which is after the commit',
      type: 'histogram',
      samples: acknowledgedIn.samples(),
    },
    {
      name: 'process_resident_memory_bytes',
      help: 'Resident memory',
      type: 'gauge',
      samples: [{ labels: {}, value: process.memoryUsage.rss() }],
    },
  ];
  return formatMetrics(families);
}
