"""Make the demo voice: teachers, codec, codes and voice as processes beside each other, on one clock.

    python -m recipes.demo_voice.make --folder WORK --fortunes DIR --wordnet DIR --words FILE --minutes 25

The codec learns first. When its encoder is settled it is frozen; from then on speech is encoded as the
teachers deliver it, the voice learns from the codes, and the codec's decoder goes on learning beside it.
With `--checkpoint DIR` a trained voice learns on: its codes stay, so the voice starts at once.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from pathlib import Path
from typing import Any


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, required=True, help="where everything is written")
    parser.add_argument("--fortunes", type=Path, required=True, help="folder of the fortune files")
    parser.add_argument("--wordnet", type=Path, required=True, help="folder of WordNet's data files")
    parser.add_argument("--words", type=Path, required=True, help="a word list")
    parser.add_argument("--checkpoint", type=Path, help="go on from this checkpoint folder")
    parser.add_argument("--minutes", type=float, default=25, help="length of the whole run")
    parser.add_argument("--codec-share", type=float, default=0.31, help="share of it for the codec alone")
    parser.add_argument(
        "--decoder-share", type=float, default=0.62, help="when the codec's decoder stops learning"
    )
    parser.add_argument(
        "--adversary-from", type=float, default=0.3, help="share of the codec's run without critics"
    )
    parser.add_argument("--produce-share", type=float, default=0.75, help="when the teachers stop")
    parser.add_argument("--processes", type=int, default=max(1, (os.cpu_count() or 2) - 2), help="teachers")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--no-compile", action="store_true", help="train the voice uncompiled")
    parser.add_argument("--small", action="store_true", help="tiny batches: a rehearsal on a laptop")
    return parser.parse_args()


def _log(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def _produce(options: argparse.Namespace, began: float) -> None:
    from recipes.demo_voice.produce import produce
    from recipes.demo_voice.texts import Corpus

    corpus = Corpus(options.fortunes, options.wordnet, options.words)
    _log(f"texts: {len(corpus.train)} sentences to read, {len(corpus.held_out)} held out")
    end = began + 60 * options.minutes * options.produce_share
    produce(
        corpus,
        options.folder / "speech",
        end - time.time(),
        options.processes,
        batch=3 if options.small else 24,
    )
    (options.folder / "speech" / "stop").touch()


def _train_codec(options: argparse.Namespace, began: float) -> None:
    import torch
    from transformers import MimiModel

    from recipes.demo_voice.shape import codec_config
    from recipes.demo_voice.teachers import PHONES
    from csm_cli.training.codec import CodecOptions, CodecTrainer
    from csm_cli.training.pool import SpeechPool
    from csm_cli.training.schedule import Budget

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    device = torch.device(options.device)
    small: dict[str, Any] = {
        "batch": 2,
        "frames": 12,
        "judged_frames": 4,
        "log_every": 5,
        "discriminator_channels": 4,
        "ear_width": 32,
    }
    settings = CodecOptions(
        phones=len(PHONES), adversary_from=options.adversary_from, **(small if options.small else {})
    )
    pool = SpeechPool(options.folder / "speech", 0.5 if options.small else 40, device)
    pool.wait(60 if options.small else 400)
    whole = 60 * options.minutes
    if options.checkpoint:
        trainer = CodecTrainer(_trained(options).codec_model, pool, settings, device)
        trainer.go_on()
    else:
        trainer = CodecTrainer(MimiModel(codec_config()), pool, settings, device)
        trainer.warm()
        _log("codec: ready")
        alone = began + whole * options.codec_share - time.time()
        trainer.run(Budget(seconds=alone), settings.peak_rate, last_rate=0.15, log=_log)
        trainer.freeze_encoder()
    trainer.save(options.folder / "codec-frozen")
    (options.folder / "codec-frozen" / "ready").touch()
    trainer.save(options.folder / "codec")
    _log("codec: encoder and codebooks frozen")
    parts = 3  # so that there is always a decoder to take
    for part in range(parts):
        left = began + whole * options.decoder_share - time.time()
        if left < 5:
            break
        budget = Budget(
            seconds=left / (parts - part), start_fraction=part / parts, end_fraction=(part + 1) / parts
        )
        trainer.run(budget, settings.peak_rate * 0.5, last_rate=0.02, log=_log)
        trainer.save(options.folder / "codec")
    _log("codec: done")


def _encode(options: argparse.Namespace, began: float) -> None:
    import torch

    from recipes.demo_voice.encode import encode_all

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    _wait_for(options.folder / "codec-frozen" / "ready", began + 60 * options.minutes)
    rest = began + 60 * options.minutes - time.time()
    encode_all(
        options.folder / "codec-frozen", options.folder / "speech", options.folder / "codes",
        torch.device(options.device), rest,
    )  # fmt: skip


def _train_voice(options: argparse.Namespace, began: float) -> None:
    """What `csm train CODES --scratch --damage --average 0.998 --compile` does, on the run's clock."""
    import torch

    from csm_cli.training.options import SCRATCH_RATE, TrainOptions
    from csm_cli.training.run import train
    from csm_cli.training.segments import RowShape

    torch.backends.cuda.matmul.allow_tf32 = True
    end = began + 60 * options.minutes
    codes = options.folder / "codes"
    codes.mkdir(parents=True, exist_ok=True)
    small: dict[str, Any] = {
        "positions": 1024, "log_every": 5, "every": 50, "workers": 1,
        "shapes": (RowShape(576, 0.5, False), RowShape(1024, 0.5, True)),
    }  # fmt: skip
    settings: dict[str, Any] = {"positions": 24576, "log_every": 200, "every": 1000}

    def wait() -> None:
        _log("voice: ready")
        _wait_for(options.folder / "codec-frozen" / "ready", end)
        enough = 3 if options.small else 60
        while len(list(codes.glob("*.npz"))) < enough and time.time() < end:
            time.sleep(0.5)

    trained = train(
        TrainOptions(
            data=codes,
            out=options.folder / "voice",
            model=str(options.checkpoint or _shape(options.folder / "shape")),
            scratch=options.checkpoint is None,
            rate=SCRATCH_RATE,
            until=end - (2 if options.small else 8),
            average=0.998,
            damage=True,
            compile=not options.no_compile,
            device=options.device,
            **(small if options.small else settings),
        ),
        say=lambda text: _log(f"voice: {text}"),
        progress=lambda text: _log(f"voice: {text}"),
        wait=wait,
    )
    assert trained is not None, "one process, which writes"
    _without_codec(trained / "model.safetensors", options.folder / "voice.safetensors")
    _log("voice: done")


def _trained(options: argparse.Namespace) -> Any:
    """The model to go on from, float32; None: start afresh."""
    import torch

    from csm_cli.model import CsmForConditionalGeneration

    if options.checkpoint is None:
        return None
    return CsmForConditionalGeneration.from_pretrained(
        options.checkpoint, dtype=torch.float32, local_files_only=True
    )


def _shape(folder: Path) -> Path:
    """A checkpoint of the demo voice's shape, with random weights and its tokenizer."""
    import torch

    from recipes.demo_voice.shape import voice_config, write_tokenizer
    from csm_cli.model import CsmForConditionalGeneration

    torch.manual_seed(0)
    CsmForConditionalGeneration(voice_config()).save_pretrained(folder)
    write_tokenizer(folder)
    return folder


def _without_codec(source: Path, target: Path) -> None:
    """The voice's weights alone, in float16: the codec's decoder has learned on beside it."""
    import torch
    from safetensors.torch import load_file, save_file

    # The audio table is one tensor under two names.
    table = "backbone_model.embed_tokens.embed_audio_tokens.weight"
    state = {
        name: value.to(torch.float16)
        for name, value in load_file(source).items()
        if not name.startswith("codec_model.") and name != table
    }
    save_file(state, target.with_suffix(".tmp"))
    target.with_suffix(".tmp").rename(target)


def _wait_for(path: Path, end: float) -> None:
    while not path.exists():
        if time.time() > end:
            raise TimeoutError(f"{path} has not come")
        time.sleep(0.5)


def main() -> None:
    """Start the four processes, wait for them, name the results."""
    options = _arguments()
    options.folder.mkdir(parents=True, exist_ok=True)
    began = time.time()
    context = multiprocessing.get_context("spawn")
    parts = [
        context.Process(target=part, args=(options, began))
        for part in (_produce, _train_codec, _encode, _train_voice)
    ]
    for part in parts:
        part.start()
    while any(part.is_alive() for part in parts):
        time.sleep(1)
        if any(part.exitcode for part in parts):
            for part in parts:
                part.terminate()
            raise SystemExit("a part of the run failed; its traceback is above")
    (options.folder / "done").touch()
    _log(f"voice: {options.folder / 'voice.safetensors'}, codec: {options.folder / 'codec'}")


if __name__ == "__main__":
    main()
