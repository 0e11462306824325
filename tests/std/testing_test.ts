/**
 * The order in which `describe` runs hooks and cases.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from "@std/testing/bdd";

describe("hooks", () => {
  const log: string[] = [];
  beforeAll(() => void log.push("all"));
  beforeEach(() => void log.push("each"));
  afterEach(() => void log.push("done"));
  afterAll(() => assertEquals(log, ["all", "each", "a", "done", "each", "inner", "b", "done"]));
  it("first", () => void log.push("a"));
  it.skip("left out", () => void log.push("never"));
  describe("nested", () => {
    beforeEach(() => void log.push("inner"));
    it("second", () => void log.push("b"));
  });
});
