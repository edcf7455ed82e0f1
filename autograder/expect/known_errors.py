"""Wrong solutions that students really submit, and the check that catches each.

`docs/checks.md` shows this table. Tests in `tests/expect/test_mistakes*.py` train every row and
confirm that it is caught.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wrong:
    """A wrong solution, the checks that catch it, and measures that would not notice it."""

    solution: str
    checks: tuple[str, ...]
    passes: str = ""


DOMAINS: dict[str, tuple[Wrong, ...]] = {
    "First networks": (
        Wrong("no activation in the hidden layers", ("layers_in_order",), "accuracy"),
        Wrong("pixels that were not scaled", ("in_range",), "accuracy"),
        Wrong("an output that does not fit the loss", ("loss_fits_output",)),
        Wrong("softmax twice", ("overfits_small_batch",), "share of right answers"),
        Wrong(
            "from_logits=True after a softmax",
            ("loss_fits_output",),
            "training: Keras 3 repairs it by itself, other code does not",
        ),
        Wrong("a learning rate of 0", ("weights_moved",)),
        Wrong("a learning rate far too small", ("overfits_small_batch",)),
        Wrong(
            "a model built again after fit()",
            ("weights_moved", "loss_drops", "history_honest"),
            "its History",
        ),
        Wrong("a history written by hand", ("history_honest",), "`loss_curve`, which is a claim"),
    ),
    "Better training": (
        Wrong("early stopping without the best weights", ("early_stopping",)),
        Wrong("a schedule that was never passed to fit()", ("learning_rates",), "its History"),
        Wrong("a scaler fitted on all rows", ("no_leak",), "accuracy"),
        Wrong("folds that overlap", ("folds_clean",), "a mean over folds"),
        Wrong(
            "BatchNorm with momentum 0.99 in a short run",
            ("layer_setting", "mean_iou"),
            "training loss",
        ),
    ),
    "Text": (
        Wrong("idf without + 1", ("tfidf",), "shape and lengths"),
        Wrong("tf-idf rows that were not scaled", ("tfidf",)),
        Wrong("columns out of step with the words", ("tfidf",), "its shape"),
        Wrong("a vocabulary built on all texts", ("vocab_from_train",), "accuracy"),
        Wrong("skip-gram pairs of one side only", ("skipgram_pairs",)),
        Wrong("vectors out of step with their words", ("closer_than",), "its shape"),
        Wrong("vectors of one epoch", ("analogies", "closer_than")),
        Wrong("one vector for all unseen words", ("unseen_words",)),
        Wrong("pretrained vectors that were never loaded", ("pretraining_helps",), "the loss"),
        Wrong("pretrained vectors trained along", ("frozen",), "accuracy on seen words"),
        Wrong("language model: targets that are not shifted", ("perplexity",), "its own loss"),
        Wrong("perplexity: padding counted", ("perplexity",), "a number without `ignore=`"),
        Wrong("translator: no causal mask", ("no_peeking",), "teacher-forced accuracy of 0.99"),
        Wrong("translator: targets that are not shifted", ("translates",), "its own loss"),
        Wrong("translator: no cross-attention", ("uses_source", "translates")),
    ),
    "Transfer": (
        Wrong("freezing after fit()", ("frozen",), "`trainable == False`"),
        Wrong("freezing after compile()", ("frozen",), "`trainable == False`"),
        Wrong("a base that was not frozen", ("frozen",), "accuracy"),
        Wrong("a base whose weights were never loaded", ("transfer_gain", "frozen"), "its flag"),
    ),
    "Segmentation and detection": (
        Wrong("a U-Net without skip connections", ("skip_connections",), "mean IoU on easy shapes"),
        Wrong("one epoch of training", ("mean_iou",), "pixel accuracy"),
        Wrong("classes merged into one", ("mean_iou",), "`overfits_small_batch`"),
        Wrong("masks shifted against the images", ("mean_iou",), "`overfits_small_batch`"),
        Wrong("boxes decoded without the offset of their cell", ("mean_average_precision",)),
        Wrong("x and y exchanged in boxes", ("mean_average_precision",), "`boxes_valid`"),
        Wrong("no suppression of overlapping boxes", ("nms",), "mAP"),
    ),
    "Autoencoders": (
        Wrong("an autoencoder that learnt the mean image", ("reconstructs",)),
        Wrong("noisy input and clean target exchanged", ("denoises",), "its own loss"),
        Wrong("anomaly scores with the sign turned", ("flags_anomalies",)),
    ),
    "Generated images": (
        Wrong("GAN: the same z for every image", ("feature_distance", "diverse")),
        Wrong(
            "GAN: the wrong sign in the generator's step",
            ("feature_distance", "generator_step_helps"),
        ),
        Wrong(
            "GAN: sigmoid output for images in [-1, 1]", ("feature_distance", "generator_output")
        ),
        Wrong("GAN: images copied from the training set", ("not_copied",), "feature distance"),
        Wrong("CycleGAN: no cycle loss", ("cycle_back",), "its critic's verdict"),
        Wrong("CycleGAN: no critic", ("really_translated",), "`cycle_back`"),
    ),
}

WRONG: dict[str, Wrong] = {one.solution: one for many in DOMAINS.values() for one in many}
