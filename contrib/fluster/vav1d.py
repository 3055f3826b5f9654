"""vav1d for Fluster: copy this file into fluster/decoders.

VAV1D_DEVICE names the device, as `vav1d --device` takes it. film_grain, all_layers and
operating_point of a vector's optional_params are heeded.
"""

import os
import subprocess
from typing import Any, Dict, Optional

from fluster.codec import Codec, OutputFormat
from fluster.decoder import Decoder, NotSupportedError, register_decoder
from fluster.utils import file_checksum, run_command

UNSUPPORTED = 69


@register_decoder
class Vav1dDecoder(Decoder):
    """AV1 through VK_KHR_video_decode_av1"""

    name = "vav1d-AV1"
    description = "vav1d, AV1 through Vulkan Video"
    binary = "vav1d"
    codec = Codec.AV1
    hw_acceleration = True

    def decode(
        self,
        input_filepath: str,
        output_filepath: str,
        output_format: OutputFormat,
        timeout: int,
        verbose: bool,
        keep_files: bool,
        optional_params: Optional[Dict[str, Any]] = None,
    ) -> str:
        params = optional_params or {}
        command = [self.binary, "decode", "--quiet", "--output-format", "yuv"]
        command += ["--device", os.environ.get("VAV1D_DEVICE", "auto")]
        if not params.get("film_grain", True):
            command += ["--film-grain", "off"]
        if params.get("all_layers", False):
            command += ["--all-layers"]
        command += ["--operating-point", str(params.get("operating_point", 0))]
        command += ["--output", output_filepath, "--", input_filepath]
        try:
            run_command(command, timeout=timeout, verbose=verbose)
        except subprocess.CalledProcessError as error:
            if error.returncode == UNSUPPORTED:
                raise NotSupportedError(f"not supported: {command}") from error
            raise
        return file_checksum(output_filepath)
