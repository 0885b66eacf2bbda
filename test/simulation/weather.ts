/** How likely what goes wrong is, at each call where it can. */
export interface Weather {
  readonly requestLost: number;
  readonly replyLost: number;
  readonly rateLimited: number;
  readonly sessionLost: number;
  /** The commit does not happen, and the store says so. */
  readonly commitLost: number;
  /** The commit happens, and the answer to it is lost. */
  readonly commitAnswerLost: number;
  readonly agentFails: number;
  readonly killed: number;
}

export const storm: Weather = {
  requestLost: 0.06,
  replyLost: 0.08,
  rateLimited: 0.05,
  sessionLost: 0.01,
  commitLost: 0.01,
  commitAnswerLost: 0.01,
  agentFails: 0.05,
  killed: 0.004,
};

export const calm: Weather = {
  requestLost: 0,
  replyLost: 0,
  rateLimited: 0,
  sessionLost: 0,
  commitLost: 0,
  commitAnswerLost: 0,
  agentFails: 0,
  killed: 0,
};
