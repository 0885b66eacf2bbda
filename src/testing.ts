// What the tests of a connector outside this repository import: `palyra/testing`. Nothing in here imports this file.
export type * from './connectors/contract-harness.ts';
export { type Claims, type ConnectorCase, connectorContract } from './connectors/contract.ts';
