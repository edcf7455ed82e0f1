"""Checks of images: convolution, masks, boxes, detectors, autoencoders."""

from autograder.expect.vision.autoencoders import (
    flags_anomalies,
    interpolates,
    latent_size,
    reconstructs,
)
from autograder.expect.vision.boxes import box_iou, boxes_valid, nms
from autograder.expect.vision.convolution import conv_output_size, convolution, transfer_gain
from autograder.expect.vision.detection import mean_average_precision
from autograder.expect.vision.masks import dice_iou_agree, instances, mask_valid, mean_iou
from autograder.expect.vision.noise import denoises, psnr

__all__ = [
    "box_iou",
    "boxes_valid",
    "conv_output_size",
    "convolution",
    "denoises",
    "dice_iou_agree",
    "flags_anomalies",
    "instances",
    "interpolates",
    "latent_size",
    "mask_valid",
    "mean_average_precision",
    "mean_iou",
    "nms",
    "psnr",
    "reconstructs",
    "transfer_gain",
]
