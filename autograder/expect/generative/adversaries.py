"""Checks of two networks that train against each other or in a cycle."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.expect import coerce
from autograder.expect.coerce import Array
from autograder.expect.models import parts
from autograder.expect.models.behaviour import moved
from autograder.expect.verdict import Verdict, WrongSetting, check, decide, linear_credit

HALF = 0.5


def discriminator_accuracy(real: Array, fake: Array, from_logits: bool) -> float:
    """Return the mean share of correctly classified images over the real and the fake ones."""
    line = 0.0 if from_logits else 0.5
    return float(((real > line).mean() + (fake < line).mean()) / 2)


@check
def balanced_fight(
    real_scores: Any,
    fake_scores: Any,
    *,
    at_least: float = 0.5,
    at_most: float = 0.8,
    from_logits: bool = True,
) -> Verdict:
    """Check that the discriminator's accuracy on fresh images is neither perfect nor at chance.

    Scores are logits (real above 0) or probabilities (above 0.5). The accuracy must lie between
    `at_least` and `at_most`. Partial credit: linear outside, 0 at `at_least` - 0.2 and at 1.

    >>> balanced_fight([3.0, 4.0], [-2.0, -3.0])
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: a discriminator that is right 0.5 to 0.8 of the time
    Got: 1
    Next: Near 1 the generator gets no signal; below 0.5 the discriminator does not learn.

    Catches: a discriminator that is never trained, or so strong that the generator stops learning.
    Blind to: the quality of the images; use `feature_distance`.
    """
    real = coerce.floats(real_scores, "the scores of real images").ravel()
    fake = coerce.floats(fake_scores, "the scores of fake images").ravel()
    score = discriminator_accuracy(real, fake, from_logits)
    low = linear_credit(score, at_least=at_least, partial_from=at_least - 0.2)
    high = linear_credit(score, at_most=at_most, partial_from=1.0) if at_most < 1 else 1.0
    return decide(
        min(low, high),
        expected="a discriminator that is right {low} to {high} of the time",
        got="{found}",
        next="Near 1 the generator gets no signal; below 0.5 the discriminator does not learn.",
        score=score,
        low=at_least,
        high=at_most,
        found=score,
    )


def weights_now(model: Any) -> list[Array]:
    """Return a model's weights, or the weights returned by a function without arguments."""
    if callable(parts.fact(lambda: model.get_weights)):
        return parts.weights_of(model)
    found = [
        coerce.array(w) for w in coerce.rows(coerce.call(model, name="the weights"), "the weights")
    ]
    if not found:
        raise coerce.empty("the weights")
    return [np.array(w) for w in found]


@check
def steps_separate(
    step: Any, batch: Any, *, moves: Any, stays: Any, which: str = "generator"
) -> Verdict:
    """Check that one step changes the network it trains and leaves the other unchanged.

    `step(batch)` runs one step of the student's training; `moves` and `stays` are its two models,
    or functions that return their current weights. Partial credit: a half each.

    Catches: gradients applied to both networks' variables, a step that applies none.
    Blind to: the direction of the step: use `generator_step_helps`. BatchNorm statistics of `stays`
    count as a change only if they are trainable.
    """
    before = [_trainable_now(m) for m in (moves, stays)]
    coerce.call(step, batch, name="step")
    after = [_trainable_now(m) for m in (moves, stays)]
    moving, staying = (moved(b, a) for b, a in zip(before, after, strict=True))
    has_moved, has_stayed = 0 < moving < np.inf, staying == 0
    return decide(
        (has_moved + has_stayed) * HALF,
        expected="only the {which} changes in this step",
        got="the {which} did not change" if not has_moved else "the other network changed too",
        next="Apply gradients to {which}.trainable_variables only.",
        which=which,
    )


def _trainable_now(model: Any) -> list[Array]:
    variables = parts.fact(lambda: [np.array(v) for v in model.trainable_variables], None)
    return variables or weights_now(model)


@check
def generator_step_helps(
    step: Any, batch: Any, generator: Any, discriminator: Any, noise: Any
) -> Verdict:
    """Check that one generator step raises the discriminator's scores of generated images.

    `step(batch)` trains the generator once; the mean of D(G(noise)) on fixed noise is compared
    before and after.

    Catches: fakes labelled 0 in the generator's step, a wrong sign.
    Blind to: much too large steps, whose effect is random.
    """
    before = _verdict_on(generator, discriminator, noise)
    coerce.call(step, batch, name="step")
    after = _verdict_on(generator, discriminator, noise)
    return decide(
        after > before,
        expected="D(G(z)) goes up in a generator step",
        got="{before} → {after}",
        next="For the generator's step, label the fakes as 1.",
        score=after - before,
        before=before,
        after=after,
    )


def _verdict_on(generator: Any, discriminator: Any, noise: Any) -> float:
    images = parts.one_answer(generator, np.asarray(noise), name="the generator")
    judged = parts.one_answer(discriminator, images.astype("float32"), name="the discriminator")
    return float(judged.mean())


# ── Cycles ───────────────────────────────────────────────────────────────────────────


def cycle_error(there: Any, back: Any, images: Array) -> float:
    """Return the mean |back(there(x)) - x| over all pixels. Raises NotMet if the shape changes."""
    crossed = parts.one_answer(there, images, name="the first generator").astype("float32")
    returned = parts.one_answer(back, crossed, name="the second generator")
    if returned.shape != images.shape:
        raise coerce.wrong_shape(returned.shape, images.shape, "the images that came back")
    return float(np.abs(returned - images).mean())


@check
def cycle_back(there: Any, back: Any, images_a: Any, images_b: Any, *, at_most: float) -> Verdict:
    """Check that images return: mean |F(G(a)) - a| and |G(F(b)) - b| are at most `at_most`.

    Partial credit: a half each.

    >>> cycle_back(lambda x: -x, lambda x: x, np.ones((2, 4, 4)), np.ones((2, 4, 4)), at_most=0.1)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: A → B → A and B → A → B within 0.1
    Got: A → B → A 2, B → A → B 2
    Next: Add lambda · |F(G(x)) - x| to the generators' loss.

    Catches: a missing or weak cycle loss.
    Blind to: generators that do nothing: add `really_translated`.
    """
    a, b = (np.asarray(x, dtype=np.float32) for x in (images_a, images_b))
    errors = cycle_error(there, back, a), cycle_error(back, there, b)
    return decide(
        sum(e <= at_most for e in errors) * HALF,
        expected="A → B → A and B → A → B within {want}",
        got="A → B → A {first}, B → A → B {second}",
        next="Add lambda · |F(G(x)) - x| to the generators' loss.",
        score=max(errors),
        want=at_most,
        first=errors[0],
        second=errors[1],
    )


@check
def identity_kept(
    model: Any, images: Any, *, at_most: float, partial_from: float | None = None
) -> Verdict:
    """Check that a generator keeps images of its target domain: mean |G(b) - b| at most `at_most`.

    Catches: a missing identity loss where colours drift.
    Blind to: a generator that does nothing at all: add `really_translated`.
    """
    want = np.asarray(images, dtype=np.float32)
    if want.size == 0:
        raise WrongSetting("there must be at least one image")
    found = parts.one_answer(model, want, name="the generator")
    if found.shape != want.shape:
        raise coerce.wrong_shape(found.shape, want.shape, "the generated images")
    error = float(np.abs(found - want).mean())
    return decide(
        linear_credit(error, at_most=at_most, partial_from=partial_from),
        expected="images of the target domain changed by at most {want}",
        got="{found}",
        next="Add the identity loss |G(b) - b|.",
        score=error,
        want=at_most,
        found=error,
    )
