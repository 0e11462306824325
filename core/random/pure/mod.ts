/**
 * Random numbers as pure functions of a key: no hidden state, the same bits on every device. Keys, bits, uniform numbers and integers are those of
 * JAX 0.10 (Threefry-2x32, its default since 0.5, `jax_threefry_partitionable`), bit for bit; what passes through a logarithm or an inverse error
 * function agrees with it to a few units in the last place. A seeded PyTorch stream is `manualSeed` and `rand`, `randn` and their kin.
 *
 * @module
 */
export * from "./continuous.ts";
export * from "./discrete.ts";
export * from "./keys.ts";
