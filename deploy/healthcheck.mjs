/** Ends with 0 if the process in this container answers on its own health port: it lives. Whether it is ready is `/readyz`. */
const port = process.env.METRICS_PORT ?? '9464';
const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(4000) }).catch(
  (error) => error,
);
if (answer instanceof Error || !answer.ok) {
  console.error(answer instanceof Error ? answer.message : `status ${answer.status}`);
  process.exit(1);
}
