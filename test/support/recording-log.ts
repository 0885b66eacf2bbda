import type { LogFields, Logger, LogLevel } from '../../src/lib/logger.ts';

export interface LogLine extends LogFields {
  readonly level: LogLevel;
  readonly event: string;
}

/** A logger that keeps its lines. */
export class RecordingLog implements Logger {
  readonly lines: LogLine[] = [];

  debug(event: string, fields: LogFields = {}): void {
    this.lines.push({ ...fields, level: 'debug', event });
  }

  info(event: string, fields: LogFields = {}): void {
    this.lines.push({ ...fields, level: 'info', event });
  }

  warn(event: string, fields: LogFields = {}): void {
    this.lines.push({ ...fields, level: 'warn', event });
  }

  error(event: string, fields: LogFields = {}): void {
    this.lines.push({ ...fields, level: 'error', event });
  }

  with(): Logger {
    return this;
  }

  /** The names of what was logged at `level`. */
  eventsAt(level: LogLevel): readonly string[] {
    return this.lines.filter((line) => line.level === level).map(({ event }) => event);
  }
}
