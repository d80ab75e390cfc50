"""LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document Recognition (1998)."""

from cnnbook.papers import Fact, Paper

# Layer: (output height, width, maps), trainable parameters, connections (a bias is one of them).
_LAYERS = {
    "c1": ((28, 28, 6), 156, 122_304),
    "s2": ((14, 14, 6), 12, 5_880),
    "c3": ((10, 10, 16), 1_516, 151_600),
    "s4": ((5, 5, 16), 32, 2_000),
    "c5": ((1, 1, 120), 48_120, 48_120),
    "f6": ((84,), 10_164, 10_164),
    "output": ((10,), 0, 840),
}

_C3_TABLE = """
X...XXX..XXXX.XX
XX...XXX..XXXX.X
XXX...XXX..X.XXX
.XXX..XXXX..X.XX
..XXX..XXXX.XX.X
...XXX..XXXX.XXX
"""

LECUN1998 = Paper(
    citation="lecun1998",
    title="Gradient-Based Learning Applied to Document Recognition",
    facts={
        # the network
        "input_size": Fact(32, "section II-B", "secondary", "side of the input image"),
        "digit_field": Fact(28, "section III-A", "secondary", "side of the MNIST field inside the input"),
        "digit_box": Fact(20, "section III-A", "secondary", "side of the box a digit is scaled to fit"),
        "digit_centre": Fact(
            14.0, "section III-A", "secondary", "row and column of a digit's centre of mass"
        ),
        "background": Fact(-0.1, "section II-B", "secondary", "input value of white"),
        "ink": Fact(1.175, "section II-B", "secondary", "input value of black"),
        "input_mean": Fact(0.0, "section II-B", "secondary", "mean of the input, roughly"),
        "input_variance": Fact(1.0, "section II-B", "secondary", "variance of the input, roughly"),
        "layers": Fact(7, "section II-B", "secondary", "layers, the input not counted"),
        "layer_table": Fact(_LAYERS, "section II-B", "secondary", "shape, parameters, connections"),
        "parameters": Fact(60_000, "section II-B", "secondary", "trainable parameters"),
        "connections": Fact(340_908, "section II-B", "secondary", "connections"),
        "variables": Fact(60, "figure 12", "read", "thousand variables"),
        "multiply_adds": Fact(401, "figure 11", "read", "thousand multiply-accumulates for one image"),
        "multiply_adds_counted": Fact(328_096, "section II-B", "computed", "multiply-adds of the layers"),
        "c3_table": Fact(_C3_TABLE.strip(), "table I", "secondary", "row: map of S2, column: map of C3"),
        "c3_links": Fact(60, "table I", "computed", "links between maps"),
        "c3_links_per_input": Fact(10, "table I", "computed", "links of each map of S2"),
        "c3_fan_ins": Fact({3: 6, 4: 9, 6: 1}, "section II-B", "read", "maps of C3 by the inputs they see"),
        "squash_amplitude": Fact(1.7159, "appendix A", "secondary", "A in f(a) = A tanh(S a)"),
        "squash_slope": Fact(2 / 3, "appendix A", "secondary", "S in f(a) = A tanh(S a)"),
        "squash_at_one": Fact(1.0, "appendix A", "computed", "f(1), and -f(-1)"),
        "squash_slope_at_zero": Fact(1.1439, "appendix A", "computed", "f'(0)"),
        "squash_peak_curvature": Fact(0.988, "appendix A", "computed", "a > 0 at which |f''| is largest"),
        "code_shape": Fact((12, 7), "figure 3", "read", "height and width of a character's bitmap"),
        "code_values": Fact((-1, 1), "section II-B", "read", "values of a code"),
        # learning
        "map_limit": Fact(0.0, "section II-C", "computed", "gap to softmax cross-entropy at a large j"),
        "initial_scale": Fact(2.4, "section III-B", "secondary", "weights start uniform in +-2.4 / fan-in"),
        "batch_size": Fact(1, "appendix C", "read", "patterns per update"),
        "passes": Fact(20, "section III-B", "secondary", "passes through the training set"),
        "schedule": Fact(
            ((0.0005, 2), (0.0002, 3), (0.0001, 3), (0.00005, 4), (0.00001, 8)),
            "section III-B",
            "secondary",
            "global rate eps and the number of passes it holds for",
        ),
        "mu": Fact(0.02, "section III-B", "memory", "added to the curvature in the denominator of a step"),
        "curvature_patterns": Fact(500, "section III-B", "memory", "patterns the curvature is averaged over"),
        "largest_step": Fact(
            0.025, "section III-B", "computed", "eps / mu in the first pass, were every h_kk 0"
        ),
        "momentum": Fact(0.0, "appendix C", "read", "none"),
        "weight_decay": Fact(0.0, "appendix C", "read", "none"),
        "regularisers": Fact(0, "section III-B", "read", "dropout or normalisation layers"),
        # data and results
        "train_images": Fact(60_000, "section III-A", "read", "training patterns"),
        "test_images": Fact(10_000, "section III-A", "read", "test patterns"),
        "distorted_images": Fact(540_000, "section III-C", "secondary", "distorted copies added for one run"),
        "images_with_distorted": Fact(600_000, "section III-C", "computed", "digits in that run"),
        "views_per_image": Fact(2, "section III-C", "computed", "times each image is seen in that run"),
        "test_error": Fact(0.95, "figure 9", "read", "% of test digits wrong, no distortions"),
        "test_error_distorted": Fact(0.8, "figure 9", "read", "% of test digits wrong, with distortions"),
        "errors_shown": Fact(82, "figure 8", "read", "test digits wrong, with distortions"),
        "test_error_boosted_lenet4": Fact(0.7, "figure 9", "read", "%, boosted LeNet-4, with distortions"),
        "test_error_lenet4": Fact(1.1, "figure 9", "read", "%, LeNet-4"),
        "test_error_lenet1": Fact(1.7, "figure 9", "read", "%, LeNet-1 on 16x16 input"),
        "test_error_mlp_300": Fact(4.7, "figure 9", "read", "%, 28x28-300-10 dense network"),
        "test_error_mlp_300_100": Fact(3.05, "figure 9", "read", "%, 28x28-300-100-10 dense network"),
        "test_error_knn": Fact(2.4, "figure 9", "read", "%, nearest neighbours on deslanted digits"),
        "test_error_linear": Fact(12.0, "figure 9", "read", "%, linear classifier"),
        "hardware": Fact(
            "2 to 3 days, one CPU of an SGI Origin 2000", "section III-B", "secondary", "training"
        ),
    },
)
