"""Global random states of a process: seeded from the course's key, captured and restored.

Covers Python's `random`, NumPy's legacy state, NumPy generators created without a seed, Keras and
TensorFlow. Not covered, because nothing can seed them: `os.urandom`, `secrets`, `uuid`,
`random.Random()` and `random.SystemRandom()`, `tf.random.get_global_generator()` without a seed,
and the clock.
"""

from __future__ import annotations

import hashlib
import random
import sys
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RandomStates:
    """States in their libraries' own form; None for a library that is not loaded.

    Two captures are equal if nothing was drawn or seeded between them.
    """

    python: Any
    numpy: Any = None
    keras: Any = None
    tensorflow: Any = None


def seed_all(seed: int) -> None:
    """Seed every global generator of the libraries that are loaded."""
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(seed % (1 << 31))
    random.seed(seed)
    if "numpy" in sys.modules:
        numpy = sys.modules["numpy"].random
        numpy.seed(seed % (1 << 32))
        numpy.bit_generator.randbits = random.Random(seed).getrandbits  # noqa: S311 - for `default_rng()`


def derived(seed: int, *scope: str) -> int:
    """Return a seed derived from this one and `scope`."""
    digest = hashlib.sha256("\0".join((f"{seed:x}", *scope)).encode()).digest()
    return int.from_bytes(digest, "little")


def capture() -> RandomStates:
    """Return the current states."""
    numpy, keras, tensorflow = None, None, None
    if "numpy" in sys.modules:
        name, words, *rest = sys.modules["numpy"].random.get_state()
        bits: Any = getattr(sys.modules["numpy"].random.bit_generator.randbits, "__self__", None)
        unseeded = bits.getstate() if type(bits) is random.Random else None  # not the system's
        numpy = (name, tuple(words.tolist()), *rest, unseeded)
    if (found := _keras()) is not None:
        state, generator_name, seed_name = found
        generator = state.get_global_attribute(generator_name)
        drawn = None if generator is None else (generator, tuple(generator.state.numpy().tolist()))
        keras = (state.get_global_attribute(seed_name), drawn)
    if (context := _tensorflow()) is not None:
        rng = getattr(context, "_rng", None)
        tensorflow = (getattr(context, "_seed", None), rng and rng.getstate())
    return RandomStates(random.getstate(), numpy, keras, tensorflow)


def restore(states: RandomStates) -> None:
    """Restore the captured states."""
    random.setstate(states.python)
    if states.numpy is not None:
        numpy = sys.modules["numpy"]
        name, words, *rest, unseeded = states.numpy
        numpy.random.set_state((name, numpy.array(words, numpy.uint32), *rest))
        if unseeded is not None:
            numpy.random.bit_generator.randbits.__self__.setstate(unseeded)
    if states.keras is not None and (found := _keras()) is not None:
        state, generator_name, seed_name = found
        seed, drawn = states.keras
        state.set_global_attribute(seed_name, seed)
        state.set_global_attribute(generator_name, None if drawn is None else drawn[0])
        if drawn is not None and tuple(drawn[0].state.numpy().tolist()) != drawn[1]:
            drawn[0].state.assign(list(drawn[1]))
    if states.tensorflow is not None and (context := _tensorflow()) is not None:
        seed, rng = states.tensorflow
        if rng is None or (context._seed == seed and context._rng.getstate() == rng):
            return  # the calls below clear TensorFlow's cache of ops
        context._set_global_seed(seed)
        context._rng.setstate(rng)


def _keras() -> tuple[Any, str, str] | None:
    """Return Keras's global attributes and the names of its generator and seed, or None."""
    state = sys.modules.get("keras.src.backend.common.global_state")
    generator = sys.modules.get("keras.src.random.seed_generator")
    rng = sys.modules.get("keras.src.utils.rng_utils")
    if state is None or generator is None or rng is None:
        return None
    return state, generator.GLOBAL_SEED_GENERATOR, rng.GLOBAL_RANDOM_SEED


def _tensorflow() -> Any:
    """Return TensorFlow's eager context; None if TensorFlow is not loaded."""
    module = sys.modules.get("tensorflow.python.eager.context")
    return None if module is None else module.context()
