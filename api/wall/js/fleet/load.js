/**
 * Load: how busy a worker is, from its own report.
 * @module
 */

const GIB = 1024 ** 3;

/**
 * Return a worker's load: cameras, processor share, memory in GiB, share of late frames, leads still to be sent.
 * @param {any} health `WorkerHealth`
 * @param {any} member `WorkerReport`, or `null`
 */
export function loadOf(health, member) {
  const cameras = health?.cameras ?? Object.keys(member?.cameras ?? {}).length;
  const room = member ? member.capacity + member.own : 0;
  return {
    cameras,
    room,
    cpu: health ? Math.min(1, health.cpu_share / health.cpus) : null,
    memory: health ? health.rss_bytes / GIB : null,
    late: member ? member.pressure : null,
    waiting: health ? health.outbox.pending : 0,
    stuck: health ? health.outbox.parked : 0,
  };
}
