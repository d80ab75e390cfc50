"""Transfer learning: freeze layers, extract features once, fine-tune at rates of their own."""

from cnnlib.transfer.bodies import Body, body
from cnnlib.transfer.extraction import attach, classifier, feature_extractor, features, features_key
from cnnlib.transfer.freezing import Freezing, freeze, frozen_layers, how_many, pretrained_layers
from cnnlib.transfer.tuning import Factors, falling_factors, fine_tune, rate_factors, recipe
