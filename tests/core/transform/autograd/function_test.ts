/**
 * Operations with a gradient of their own, as classes.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { autograd, grad, GradError, ShapeError, type Tensor, tensor, vmap } from "../../../../core/mod.ts";

type Context = autograd.FunctionContext;

class Exp extends autograd.Function {
  static forward(ctx: Context, x: Tensor): Tensor {
    const y = x.exp();
    ctx.saveForBackward(y);
    return y;
  }
  static backward(ctx: Context, g: Tensor): Tensor {
    return g.mul(ctx.savedTensors[0]);
  }
}

/** x to the power n and x times n; the exponent is no tensor. */
class Both extends autograd.Function {
  static forward(ctx: Context, x: Tensor, n: number): [Tensor, Tensor] {
    ctx.saveForBackward(x);
    ctx.n = n;
    return [x.pow(n), x.mul(n)];
  }
  static backward(ctx: Context, g: Tensor, h: Tensor): [Tensor, null] {
    const n = ctx.n as number, [x] = ctx.savedTensors;
    return [g.mul(x.pow(n - 1)).mul(n).add(h.mul(n)), null];
  }
}

Deno.test("a function class: value, gradient, name, second derivative through a saved result", () => {
  const x = tensor([0, 1], { requiresGrad: true });
  const y = Exp.apply(x);
  assertEquals([y.tolist(), y.gradFn], [x.exp().tolist(), "ExpBackward"]);
  const [g] = autograd.grad(y.sum(), x, { createGraph: true });
  const [h] = autograd.grad(g.sum(), x);
  assertEquals([g.tolist(), h.tolist()], [x.exp().tolist(), x.exp().tolist()]);
});

Deno.test("several results and arguments that are no tensors", () => {
  const x = tensor([2], { requiresGrad: true });
  const [power, product] = Both.apply(x, 3);
  power.add(product.mul(10)).sum().backward();
  // 3 x^2 + 10 n
  assertEquals(x.grad?.tolist(), [12 + 30]);
});

Deno.test("function classes under the functional transforms", () => {
  const f = (x: Tensor) => Exp.apply(x).sum();
  assertEquals(grad(f)(tensor([0])).tolist(), [1]);
  assertEquals(grad((x: Tensor) => grad(f)(x).sum())(tensor([0])).tolist(), [1]);
  assertEquals(vmap(grad(f))(tensor([[0], [0]])).tolist(), [[1], [1]]);
});

Deno.test("gradients of a wrong number or shape are refused in PyTorch's words", () => {
  class Short extends autograd.Function {
    static forward(_: Context, x: Tensor, y: Tensor): Tensor {
      return x.add(y);
    }
    static backward(_: Context, g: Tensor): Tensor {
      return g;
    }
  }
  class Narrow extends Exp {
    static override backward(_: Context, g: Tensor): Tensor {
      return g.sum();
    }
  }
  const x = tensor([0, 1], { requiresGrad: true });
  assertThrows(
    () => Short.apply(x, x).sum().backward(),
    GradError,
    "function ShortBackward returned an incorrect number of gradients (expected 2, got 1)",
  );
  assertThrows(
    () => Narrow.apply(x).sum().backward(),
    ShapeError,
    "Function NarrowBackward returned an invalid gradient at index 0 - got [] but expected shape compatible with [2]",
  );
});

Deno.test("results without a gradient, and null in the place of zeros", () => {
  const seen: unknown[] = [];
  class Parts extends autograd.Function {
    static forward(ctx: Context, x: Tensor, materialize: boolean): [Tensor, Tensor, Tensor] {
      const sign = x.sign();
      ctx.markNonDifferentiable(sign);
      ctx.setMaterializeGrads(materialize);
      seen.push(ctx.needsInputGrad);
      return [x.mul(2), x.mul(3), sign];
    }
    static backward(
      _: Context,
      g: Tensor | null,
      h: Tensor | null,
      none: Tensor | null,
    ): [Tensor | null, null] {
      seen.push([g, h, none].map((t) => t === null ? null : t.tolist()));
      return [g === null ? h!.mul(3) : g.mul(2), null];
    }
  }
  const x = tensor([1, -1], { requiresGrad: true });
  const [double, triple, sign] = Parts.apply(x, true);
  assertEquals([double.requiresGrad, triple.requiresGrad, sign.requiresGrad], [true, true, false]);
  double.sum().backward();
  assertEquals(seen, [[true, false], [[1, 1], [0, 0], [0, 0]]]);
  Parts.apply(x, false)[1].sum().backward();
  assertEquals(seen.at(-1), [null, [1, 1], null]);
  // 2 + 3
  assertEquals(x.grad?.tolist(), [5, 5]);
});

Deno.test("what a context cannot do is said", () => {
  class Wrong extends autograd.Function {
    static forward(ctx: Context, x: Tensor, what: (ctx: Context, x: Tensor) => Tensor): Tensor {
      return what(ctx, x);
    }
    static backward(_: Context, g: Tensor): [Tensor, null] {
      return [g, null];
    }
  }
  const cases: [(ctx: Context, x: Tensor) => Tensor, string][] = [
    [(ctx, x) => ctx.markDirty(x), "markDirty: tensors are immutable"],
    [
      (ctx, x) => (ctx.saveForBackward(x, 3 as unknown as Tensor), x),
      "save_for_backward can only save variables, but argument 1 is of type number",
    ],
    [() => 3 as unknown as Tensor, "Wrong.forward: expected to return tensors (one, or an array), but got 3"],
  ];
  for (const [what, sentence] of cases) {
    assertThrows(() => Wrong.apply(tensor([1], { requiresGrad: true }), what), GradError, sentence);
  }
});

Deno.test("classes without their methods, and gradients that are none, are refused in PyTorch's words", () => {
  const x = tensor([1, 2], { requiresGrad: true });
  const forward = (_: Context, x: Tensor, _n: number): Tensor => x.mul(2);
  const withBackward = (backward: unknown) => {
    class Twice extends autograd.Function {
      static forward = forward;
      static backward = backward as (_: Context, g: Tensor) => [Tensor, null];
    }
    return Twice;
  };
  const cases: [unknown, string][] = [
    [undefined, "You must implement either the backward or vjp method for your custom autograd.Function"],
    [() => [2, null], "expected Variable or None (got number)"],
    [
      (_: Context, g: Tensor) => [g, g],
      "function TwiceBackward returned a gradient different than None at position 2, but the corresponding forward input was not a Variable",
    ],
    [() => undefined, "returned an incorrect number of gradients (expected 2, got 1)"],
  ];
  for (const [backward, sentence] of cases) {
    const y = withBackward(backward).apply(x, 3);
    assertThrows(() => y.sum().backward(), GradError, sentence);
  }
  const empty = autograd.Function as unknown as ReturnType<typeof withBackward>;
  assertThrows(() => empty.apply(x, 3), GradError, "You must implement the forward function");
});
