/** @throws OBJECT_KEY_INVALID unless `key` is 1–16 segments of ASCII letters, digits, `.`, `_`, `-`, joined by `/`, none beginning with a dot. */
export declare function assertObjectKey(key: string): void;
