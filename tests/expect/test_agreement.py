"""The numbers agree with the libraries that everybody knows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.signal import correlate2d
from sklearn.datasets import load_digits
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score, roc_auc_score

from autograder import expect
from autograder.expect.generative import features
from autograder.expect.models.settings import theoretical_std
from autograder.expect.text.language import corpus_bleu, mean_surprise
from autograder.expect.text.tokens import tfidf_matrix
from autograder.expect.vision import autoencoders, noise
from autograder.expect.vision.convolution import convolved_size, correlated

pytestmark = [pytest.mark.check, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
SEEDS = range(3)


@pytest.mark.parametrize("seed", SEEDS)
def test_auroc_and_f1_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.random(60) < 0.3
    scores = np.round(rng.random(60) + 0.3 * labels, 1)  # with ties
    assert autoencoders.auroc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))
    assert autoencoders.f1(scores > 0.6, labels) == pytest.approx(f1_score(labels, scores > 0.6))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("size", [8, 28])
def test_psnr_and_ssim_are_those_of_scikit_image(seed: int, size: int) -> None:
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    rng = np.random.default_rng(seed)
    clean = rng.random((size, size))
    noisy = np.clip(clean + rng.normal(0, 0.2, clean.shape), 0, 1)
    want = peak_signal_noise_ratio(clean, noisy, data_range=1.0)
    assert noise.signal_to_noise(noisy, clean) == pytest.approx(want)
    want = structural_similarity(clean, noisy, data_range=1.0)
    assert noise.structural_similarity(clean, noisy) == pytest.approx(want)


@pytest.mark.parametrize("seed", SEEDS)
def test_frechet_distance_is_the_formula_with_scipys_matrix_root(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(200, 6)), rng.normal(0.3, 1.5, size=(150, 6))
    gap = a.mean(0) - b.mean(0)
    s1, s2 = np.cov(a.T), np.cov(b.T)
    want = gap @ gap + np.trace(s1 + s2 - 2 * np.real(sqrtm(s1 @ s2)))
    assert features.frechet_distance(a, b) == pytest.approx(want, rel=1e-6)


def test_tfidf_is_that_of_scikit_learn() -> None:
    texts = ["the cat sat", "the dog sat on the cat", "a bird", "zebra zebra"]
    model = TfidfVectorizer(token_pattern=r"\S+")
    want = model.fit_transform(texts).toarray()
    found = tfidf_matrix([t.split() for t in texts], model.vocabulary_)
    np.testing.assert_allclose(found, want)
    expect.tfidf(model.transform(texts), [t.split() for t in texts], model.vocabulary_)


@pytest.mark.parametrize("seed", SEEDS)
def test_convolution_is_scipys_correlation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    image, kernel = rng.normal(size=(9, 7)), rng.normal(size=(3, 2))
    np.testing.assert_allclose(correlated(image, kernel), correlate2d(image, kernel, "valid"))


def test_conv_output_size_is_that_of_keras() -> None:
    import keras

    rng = np.random.default_rng(0)
    for _ in range(40):
        size, kernel, stride = (
            int(rng.integers(8, 60)),
            int(rng.integers(1, 8)),
            int(rng.integers(1, 4)),
        )
        for padding in ("same", "valid"):
            layer = keras.layers.Conv1D(1, kernel, strides=stride, padding=padding)
            want = layer.compute_output_shape((None, size, 1))[1]
            assert convolved_size(size, kernel, stride, padding) == want


def test_perplexity_is_the_exponential_of_keras_cross_entropy() -> None:
    import keras

    rng = np.random.default_rng(0)
    scores, ids = rng.normal(size=(4, 6, 9)), rng.integers(0, 9, (4, 6))
    want = float(keras.losses.SparseCategoricalCrossentropy(from_logits=True)(ids, scores))
    assert mean_surprise(scores.reshape(-1, 9), ids.ravel(), True) == pytest.approx(want, rel=1e-5)
    soft = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    assert expect.perplexity(soft, ids, at_most=1e9).score == pytest.approx(np.exp(want), rel=1e-5)


def test_a_gru_step_written_by_hand_is_that_of_keras() -> None:
    import keras

    keras.utils.set_random_seed(0)
    layer = keras.layers.GRU(5, reset_after=False)
    layer.build((None, None, 3))
    w, u, b = (np.asarray(v) for v in layer.get_weights())

    def by_hand(x, h, w, u, b):
        sigmoid = lambda v: 1 / (1 + np.exp(-v))  # noqa: E731
        (xz, xr, xh), (uz, ur, uh) = np.split(x @ w + b, 3, axis=1), np.split(u, 3, axis=1)
        z, r = sigmoid(xz + h @ uz), sigmoid(xr + h @ ur)
        return z * h + (1 - z) * np.tanh(xh + (r * h) @ uh)

    def by_keras(x, h, w, u, b):
        return np.asarray(layer.cell(x.astype("float32"), [h.astype("float32")])[0])

    series = np.random.default_rng(0).normal(size=(6, 2, 3))
    assert expect.rnn_step(by_hand, by_keras, series, np.zeros((2, 5)), w, u, b).met
    swapped = lambda x, h, w, u, b: by_hand(x, h, w[:, ::-1], u, b)  # noqa: E731
    with pytest.raises(expect.NotMet):
        expect.rnn_step(swapped, by_keras, series, np.zeros((2, 5)), w, u, b)


@pytest.mark.parametrize("name", ["he_normal", "glorot_uniform", "lecun_normal"])
def test_initial_weights_have_the_spread_of_the_formula(name: str) -> None:
    import keras

    values = np.asarray(keras.initializers.get(name)((300, 200)))
    assert values.std() == pytest.approx(theoretical_std(name, 300, 200), rel=0.03)


def test_bleu_is_that_of_nltk() -> None:
    nltk = pytest.importorskip("nltk.translate.bleu_score")
    rng = np.random.default_rng(0)
    words = ["a", "b", "c", "d", "e", "f"]
    references = [list(rng.choice(words, int(rng.integers(6, 12)))) for _ in range(8)]
    candidates = [r[: int(rng.integers(5, 12))] for r in references]
    candidates[0] = candidates[0][::-1]
    want = nltk.corpus_bleu([[r] for r in references], candidates)
    assert corpus_bleu(candidates, references) == pytest.approx(want)


def test_the_shipped_digit_network_knows_digits_it_never_saw() -> None:
    digits = load_digits()
    images = digits.images[1400:] / 8 - 1
    right = (features.digit_classes(images) == digits.target[1400:]).mean()
    assert right == pytest.approx(0.917, abs=0.003)
    assert features.digit_features(images).shape == (397, 32)


def test_the_shipped_network_sees_any_range_alike() -> None:
    images = load_digits().images[:20]
    seen = [features.digit_features(images / 16, 0, 1), features.digit_features(images / 8 - 1)]
    np.testing.assert_allclose(*seen, atol=1e-9)
