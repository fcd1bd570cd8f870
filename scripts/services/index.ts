/**
 * The services that production runs on, started for tests, `npm run stack` and `npm run chaos`: on free ports of the loopback
 * interface, with their data in a given folder. None outlives the process that started it, however that ends.
 * `node scripts/services/install.ts` brings their programs.
 */
export { type CephService, startCeph } from './ceph.ts';
export { installed, type ServiceName } from './installed.ts';
export { startMinio } from './minio.ts';
export { freePorts } from './ports.ts';
export { type PostgresService, startPostgres, type Template } from './postgres.ts';
export { type RedisService, startRedis } from './redis.ts';
export { type SeaweedService, startSeaweed } from './seaweedfs.ts';
export type { S3Service, Service } from './service.ts';
