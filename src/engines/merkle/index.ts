/** RFC 6962 Merkle trees, C2SP tiles and checkpoints. Pure: hashes come from a reader, keys and bytes are arguments. */
export {
  type Checkpoint,
  formatCheckpoint,
  parseCheckpoint,
  rawPublicKey,
  signCheckpoint,
  verifierKey,
  verifyCheckpoint,
} from './checkpoint.ts';
export { createFrontier, type Frontier } from './frontier.ts';
export {
  type ConsistencyClaim,
  consistencyProof,
  type InclusionClaim,
  inclusionProof,
  verifyConsistency,
  verifyInclusion,
} from './proof.ts';
export {
  growTiles,
  openTiles,
  TILE_WIDTH,
  type Tile,
  type TileCoordinates,
  type TileReader,
  tileHashReader,
  tilePath,
} from './tile.ts';
export {
  type HashReader,
  hashReaderOfLeaves,
  leafHash,
  rootFromReader,
  type TreeNode,
  treeRoot,
} from './tree.ts';
