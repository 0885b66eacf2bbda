/** How much a request matters, the most important first: the lesser leave room for the greater. */
export const priorities = ['final', 'interaction', 'edit', 'typing', 'background'] as const;
export type Priority = (typeof priorities)[number];

export interface RestFile {
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

export interface RestRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** A template, e.g. `/channels/{channel}/messages/{message}`. */
  readonly route: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** Go out with `json` as multipart. */
  readonly files?: readonly RestFile[];
  readonly priority: Priority;
  /** `none` for interactions and webhooks, whose token is in their path. */
  readonly auth: 'bot' | 'none';
  /** Shown in the audit log of the guild. */
  readonly auditReason?: string;
}

/** What the platform answered, or how far the request came. */
export type RestAnswer =
  | { readonly kind: 'ok'; readonly status: number; readonly body: unknown }
  /** Not applied: come back in `afterMs`. With `sent` false it was held back here, and nothing left the process. */
  | {
      readonly kind: 'wait';
      readonly afterMs: number;
      readonly scope: 'bucket' | 'global' | 'shared' | 'budget';
      readonly sent: boolean;
    }
  /** An API error. `detail` and `fields` hold names of fields, and nothing that a person has written. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      /** The JSON code; 0 where there is none. */
      readonly code: number;
      readonly detail: string;
      /** The paths of the fields that were wrong. */
      readonly fields: readonly string[];
      /** What the platform asked to wait, if it did. */
      readonly afterMs?: number;
      /** False when a refusal of a moment ago was remembered, and nothing left the process. */
      readonly sent: boolean;
    }
  /** No answer that can be read. With `sent` it may have been applied. */
  | {
      readonly kind: 'failed';
      readonly sent: boolean;
      readonly detail: string;
      /** The status of the answer, where there was one: 5xx. */
      readonly status?: number;
      readonly afterMs?: number;
      /** The guard of outgoing requests forbids it; it always will. */
      readonly forbidden?: boolean;
    };
