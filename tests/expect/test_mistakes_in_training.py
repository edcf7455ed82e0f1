"""Wrong solutions in training and in text models, trained for real: the check that catches each."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from autograder import expect
from tests.expect.trained import caught, wrong

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    data = load_digits()
    return (data.images / 16).reshape(-1, 64).astype("float32"), data.target


def classifier(hidden: str | None = "relu", out: str | None = "softmax", lr: float = 3e-3) -> Any:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(64, activation=hidden, name="one"),
            layers.Dense(32, activation=hidden, name="two"),
            layers.Dense(10, activation=out, name="head"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(lr), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


@cache
def trained() -> tuple[Any, Any, Any]:
    x, y = digits()
    model = classifier()
    first = model.get_weights()
    history = model.fit(
        x[:1200], y[:1200], validation_data=(x[1200:], y[1200:]), epochs=12, verbose=0
    )
    return model, first, history


def test_a_right_first_network_is_met() -> None:
    x, y = digits()
    model, first, history = trained()
    expect.model_io(model, (None, 64), (None, 10))
    expect.layers_in_order(model, ["Dense(64, relu)", "Dense(32, relu)", "Dense(10)"])
    expect.loss_fits_output(model)
    expect.weights_moved(model, first)
    expect.weights_moved(model)
    expect.loss_drops(model, first, x[:1200], y[:1200])
    expect.loss_curve(history, epochs=12)
    expect.history_honest(history, model, x[1200:], y[1200:], key="val_loss")
    expect.history_honest(history, model, x[1200:], y[1200:], key="val_accuracy")
    expect.accuracy(expect.predictions(model, x[1200:]), y[1200:], at_least=0.88)
    expect.samples_independent(model, x)
    expect.saves_and_loads(model, x[:20])


@wrong("no activation in the hidden layers")
def test_no_hidden_activation_is_caught_by_the_layers_and_not_by_accuracy() -> None:
    x, y = digits()
    linear = classifier(hidden=None)
    linear.fit(x[:1200], y[:1200], epochs=12, verbose=0)
    expect.accuracy(expect.predictions(linear, x[1200:]), y[1200:], at_least=0.85)
    caught(expect.layers_in_order, linear, ["Dense(64, relu)", "Dense(32, relu)", "Dense(10)"])


@wrong("an output that does not fit the loss")
@pytest.mark.parametrize("out", ["sigmoid", None, "relu"])
def test_an_output_that_does_not_fit_the_loss_is_caught(out: str | None) -> None:
    caught(expect.loss_fits_output, classifier(out=out))


@wrong("pixels that were not scaled")
def test_unscaled_pixels_are_caught_by_their_range() -> None:
    x, _ = digits()
    caught(expect.in_range, x * 16, 0, 1)


@wrong("a model built again after fit()")
def test_a_model_built_again_after_fit_is_caught() -> None:
    x, y = digits()
    _, first, history = trained()
    fresh = classifier()
    caught(expect.weights_moved, fresh)
    caught(expect.weights_moved, fresh, first)
    caught(expect.loss_drops, fresh, first, x[:200], y[:200])
    caught(expect.history_honest, history, fresh, x[1200:], y[1200:])


@wrong("a history written by hand")
def test_a_history_written_by_hand_is_caught_by_the_weights() -> None:
    x, y = digits()
    model = classifier()
    model.fit(x[:64], y[:64], epochs=1, verbose=0)
    edited = {"val_loss": [2.0, 0.6, 0.05], "val_accuracy": [0.5, 0.9, 0.99], "loss": [2.0, 0.1]}
    expect.loss_curve(edited)  # a claim: only the student vouches for it
    caught(expect.history_honest, edited, model, x[1200:], y[1200:])
    caught(expect.history_honest, edited, model, x[1200:], y[1200:], key="val_accuracy")


@wrong("a learning rate of 0")
def test_a_learning_rate_of_0_is_caught() -> None:
    x, y = digits()
    model = classifier(lr=0.0)
    first = model.get_weights()
    model.fit(x[:300], y[:300], epochs=1, verbose=0)
    caught(expect.weights_moved, model, first)


@wrong("early stopping without the best weights")
@pytest.mark.parametrize("restore", [True, False])
def test_early_stopping_is_met_only_with_the_best_weights_restored(restore: bool) -> None:
    import keras

    x, y = digits()
    model = classifier(lr=0.03)
    stop = keras.callbacks.EarlyStopping(patience=3, restore_best_weights=restore)
    data = (x[1200:], y[1200:])
    history = model.fit(
        x[:300], y[:300], validation_data=data, epochs=80, verbose=0, callbacks=[stop]
    )
    if restore:
        expect.early_stopping(history, model, *data, patience=3)
    else:
        assert caught(expect.early_stopping, history, model, *data, patience=3).credit == 0.5


@wrong("freezing after fit()")
def test_freezing_after_fit_is_caught_by_movement_and_not_by_the_flag() -> None:
    import keras

    x, y = digits()
    pretrained, _, _ = trained()
    base_weights = {"one": pretrained.get_layer("one").get_weights()}

    def head(frozen_first: bool) -> Any:
        twin = keras.models.clone_model(pretrained)
        twin.set_weights(pretrained.get_weights())
        twin.get_layer("one").trainable = not frozen_first
        twin.compile("adam", "sparse_categorical_crossentropy")
        twin.fit(x[:200], y[:200], epochs=2, verbose=0)
        twin.get_layer("one").trainable = False
        return twin

    right, late = head(True), head(False)
    expect.frozen(right, "one", x[:32], y[:32], before=base_weights)
    assert not late.get_layer("one").trainable  # the flag says frozen
    caught(expect.frozen, late, "one", before=base_weights)


@wrong("a learning rate far too small")
def test_a_learning_rate_far_too_small_is_caught_by_a_small_batch() -> None:
    x, y = digits()
    expect.overfits_small_batch(classifier(), x[:8], y[:8])
    caught(expect.overfits_small_batch, classifier(lr=1e-7), x[:8], y[:8], steps=50)


@wrong("softmax twice")
def test_softmax_twice_answers_well_and_cannot_be_sure_of_8_samples() -> None:
    import keras

    x, y = digits()
    twice = keras.Sequential([classifier(), keras.layers.Softmax()])
    twice.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    twice.fit(x[:1200], y[:1200], epochs=12, verbose=0)
    expect.accuracy(expect.predictions(twice, x[1200:]), y[1200:], at_least=0.80)
    caught(expect.overfits_small_batch, twice, x[:8], y[:8])


@wrong("from_logits=True after a softmax")
def test_logits_asked_for_after_a_softmax_train_well_and_are_caught_by_the_loss() -> None:
    import keras

    x, y = digits()
    model = classifier()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss)
    model.fit(x[:1200], y[:1200], epochs=12, verbose=0)
    expect.accuracy(expect.predictions(model, x[1200:]), y[1200:], at_least=0.88)
    caught(expect.loss_fits_output, model)


@wrong("a schedule that was never passed to fit()")
def test_a_schedule_that_was_never_passed_is_caught_by_the_rates_that_were_used() -> None:
    import keras

    def halved(epoch: int, rate: float = 0.0) -> float:
        return 0.01 * 0.5**epoch

    class Rates(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.used: list[float] = []

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.used.append(float(self.model.optimizer.learning_rate))

    x, y = digits()
    used = []
    for callbacks in ([keras.callbacks.LearningRateScheduler(halved)], []):
        rates = Rates()
        classifier(lr=0.01).fit(
            x[:300], y[:300], epochs=4, verbose=0, callbacks=[*callbacks, rates]
        )
        used.append(rates.used)
    expect.learning_rates(used[0], [halved(epoch) for epoch in range(4)])
    caught(expect.learning_rates, used[1], [halved(epoch) for epoch in range(4)])


@wrong("a scaler fitted on all rows")
def test_a_scaler_fitted_on_all_rows_is_caught() -> None:
    from sklearn.preprocessing import StandardScaler

    def right(train: Any, validation: Any) -> Any:
        fitted = StandardScaler().fit(train)
        return fitted.mean_, fitted.scale_

    def leaky(train: Any, validation: Any) -> Any:
        fitted = StandardScaler().fit(np.concatenate([train, validation]))
        return fitted.mean_, fitted.scale_

    x, _ = digits()
    expect.no_leak(right, x[:100, 20:30], x[100:150, 20:30])
    caught(expect.no_leak, leaky, x[:100, 20:30], x[100:150, 20:30])


@wrong("folds that overlap")
def test_folds_of_stratified_k_fold_are_met_and_shuffled_slices_are_not() -> None:
    from sklearn.model_selection import StratifiedKFold

    x, y = digits()
    expect.folds_clean(list(StratifiedKFold(3).split(x, y)), y, n=3)
    rng = np.random.default_rng(0)
    twice = [np.split(rng.permutation(len(y)), [1200]) for _ in range(3)]
    caught(expect.folds_clean, twice, y, n=3)


# ── A translator: letters to digits, turned round ────────────────────────────────────

LENGTH = 4
START, END = 11, 12


def pairs(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    sources = np.random.default_rng(seed).integers(1, 11, (n, LENGTH))
    starts, ends = np.full((n, 1), START), np.full((n, 1), END)
    return sources, np.concatenate([starts, sources[:, ::-1], ends], axis=1)


@cache
def translator(mistake: str = "") -> Any:
    import keras
    from keras import layers, ops

    keras.utils.set_random_seed(0)
    width = 32

    def embedded(tokens: Any, length: int) -> Any:
        place = layers.Embedding(length, width)(ops.arange(length))
        return layers.Embedding(13, width)(tokens) + place

    def block(x: Any, other: Any, **how: Any) -> Any:
        attended = layers.MultiHeadAttention(2, 16)(x, other, **how)
        x = layers.LayerNormalization()(x + attended)
        return layers.LayerNormalization()(x + layers.Dense(width)(layers.Dense(64, "relu")(x)))

    s, t = keras.Input((LENGTH,), dtype="int32"), keras.Input((LENGTH + 1,), dtype="int32")
    memory = embedded(s, LENGTH)
    memory = block(memory, memory)
    x = embedded(t, LENGTH + 1)
    x = block(x, x, use_causal_mask=mistake != "no causal mask")
    x = block(x, x if mistake == "no cross-attention" else memory)
    model = keras.Model([s, t], layers.Dense(13)(x))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss)
    sources, targets = pairs(3000, 0)
    shift = 1 if mistake == "not shifted" else 0
    model.fit(
        [sources, targets[:, shift : LENGTH + 1 + shift]],
        targets[:, 1:],
        batch_size=64,
        epochs=4 if mistake else 12,
        verbose=0,
    )
    return model


def decode(mistake: str) -> Any:
    def translate(texts: list[str]) -> list[str]:
        sources = np.array([[int(c, 16) for c in text] for text in texts])
        done = np.zeros((len(texts), LENGTH + 1), dtype=int)
        done[:, 0] = START
        for i in range(LENGTH):
            scores = expect.predictions(translator(mistake), [sources, done])
            done[:, i + 1] = scores[:, i].argmax(-1)
        return ["".join(f"{v:x}" for v in row[1:]) for row in done]

    return translate


def unseen() -> list[tuple[str, str]]:
    sources, _ = pairs(100, 1)
    texts = ["".join(f"{v:x}" for v in row) for row in sources]
    return [(text, text[::-1]) for text in texts]


def test_a_right_translator_is_met() -> None:
    sources, targets = pairs(40, 2)
    inputs = [sources, targets[:, :-1]]
    expect.no_peeking(translator(), inputs, position=2)
    expect.uses_source(translator(), inputs, sources[::-1])
    expect.translates(decode(""), unseen(), at_least=0.8)


@wrong("translator: no causal mask")
def test_a_missing_causal_mask_is_caught_by_the_leak_though_the_answers_look_perfect() -> None:
    sources, targets = pairs(200, 2)
    inputs = [sources, targets[:, :-1]]
    answers = expect.predictions(translator("no causal mask"), inputs)
    assert (answers.argmax(-1) == targets[:, 1:]).mean() > 0.9
    caught(expect.no_peeking, translator("no causal mask"), inputs, position=2)


@wrong("translator: targets that are not shifted")
def test_targets_that_are_not_shifted_are_caught_by_decoding_freely() -> None:
    assert caught(expect.translates, decode("not shifted"), unseen(), at_least=0.8).credit < 0.5


@wrong("translator: no cross-attention")
def test_missing_cross_attention_is_caught() -> None:
    sources, targets = pairs(40, 2)
    inputs = [sources, targets[:, :-1]]
    caught(expect.uses_source, translator("no cross-attention"), inputs, sources[::-1])
    caught(expect.translates, decode("no cross-attention"), unseen(), at_least=0.8)


# ── Autoencoders ─────────────────────────────────────────────────────────────────────


def autoencoder(
    inputs: np.ndarray, targets: np.ndarray, out: str = "sigmoid", epochs: int = 25
) -> Any:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(64, "relu"),
            layers.Dense(10),
            layers.Dense(64, "relu"),
            layers.Dense(64, out),
        ]
    )
    model.compile(keras.optimizers.Adam(3e-3), "mse")
    model.fit(inputs, targets, batch_size=64, epochs=epochs, verbose=0)
    return model


@wrong("an autoencoder that learnt the mean image")
def test_an_autoencoder_is_met_and_one_that_learnt_the_mean_is_not() -> None:
    x, _ = digits()
    mean = x[:1300].mean(axis=0)
    right = expect.predictions(autoencoder(x[:1300], x[:1300]), x[1300:])
    expect.reconstructs(right, x[1300:], at_most=0.5, mean_image=mean)
    dead = expect.predictions(autoencoder(x[:1300], x[:1300], "tanh", 0), x[1300:])
    caught(expect.reconstructs, dead, x[1300:], at_most=0.5, mean_image=mean)


@wrong("noisy input and clean target exchanged")
def test_noise_is_removed_and_exchanged_input_and_target_are_caught() -> None:
    x, _ = digits()
    rng = np.random.default_rng(0)
    noisy = np.clip(x + rng.normal(0, 0.3, x.shape), 0, 1).astype("float32")
    as_images = lambda flat: np.asarray(flat).reshape(-1, 8, 8)  # noqa: E731
    clean, before = as_images(x[1300:]), as_images(noisy[1300:])
    right = autoencoder(noisy[:1300], x[:1300])
    expect.denoises(as_images(expect.predictions(right, noisy[1300:])), before, clean, at_least=1.5)
    swapped = autoencoder(x[:1300], noisy[:1300], epochs=8)
    made = as_images(expect.predictions(swapped, noisy[1300:]))
    gains = expect.denoises(
        as_images(expect.predictions(right, noisy[1300:])), before, clean, at_least=0.1
    ).score
    assert gains is not None
    verdict = caught(expect.denoises, made, before, clean, at_least=gains)
    assert verdict.score is not None


@wrong("anomaly scores with the sign turned")
def test_anomalies_are_ranked_and_a_turned_sign_is_caught() -> None:
    x, y = digits()
    normal = x[:1300][y[:1300] < 5]
    model = autoencoder(normal, normal)
    errors = ((expect.predictions(model, x[1300:]) - x[1300:]) ** 2).mean(axis=1)
    expect.flags_anomalies(errors, y[1300:] >= 5, at_least=0.75)
    caught(expect.flags_anomalies, -errors, y[1300:] >= 5, at_least=0.75)
