"""Make the embedded voice: teachers speak, the codec encodes, the voice learns.

    python -m recipes.demo_voice.make --root ROOT --folder WORK --codec CODEC --teach-minutes 4 --minutes 18

ROOT is the folder of `recipes.demo_voice.fetch`, with `texts.json` of `recipes.demo_voice.texts` in it. The
parts take turns, each a set of processes that print hours of speech, updates a second and minutes left; a
part that fails ends the run at once with its traceback.

speech  the teachers, and with a frozen codec its encoder beside them
codec   learns from the speech, alone on the device; then the speech is encoded. With `--codec` only its
        decoder learns on, so that every code keeps its meaning; with `--whole-codec` all of it does
voice   learns from the codes; `--checkpoint` goes on from a trained one, whose codec is the same or the one
        that this run's began with

`--parts` names the parts to run; a part that is left out must have run before in the same folder. A frozen
codec encodes beside the teachers, and only a run that has the part codec, too, keeps the audio for it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

PARTS = ("speech", "codec", "voice")


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True, help="teachers and texts")
    parser.add_argument("--folder", type=Path, required=True, help="where everything is written")
    parser.add_argument("--parts", default=",".join(PARTS), help="which of speech, codec, voice")
    parser.add_argument("--codec", type=Path, help="a trained codec: a MimiModel folder")
    parser.add_argument(
        "--whole-codec", action="store_true", help="encoder and codebooks of --codec learn, too"
    )
    parser.add_argument("--checkpoint", type=Path, help="go on from this checkpoint folder")
    parser.add_argument("--teach-minutes", type=float, default=4)
    parser.add_argument("--codec-minutes", type=float, default=5)
    parser.add_argument("--minutes", type=float, default=18, help="of the voice")
    parser.add_argument("--kokoro", type=int, default=4, help="processes of Kokoro")
    parser.add_argument("--hibari", type=int, default=0, help="processes of hibari")
    parser.add_argument("--encoders", type=int, default=3, help="processes of the codec's encoder")
    parser.add_argument("--batch", type=int, default=16, help="paragraphs that Kokoro speaks in one pass")
    parser.add_argument("--workers", type=int, default=8, help="processes that lay out rows for the voice")
    parser.add_argument("--round", type=int, default=0, help="of speech: another one reads in another order")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the speech; another one needs another --round, too"
    )
    parser.add_argument("--positions", type=int, default=24_576, help="of an update")
    parser.add_argument("--rate", type=float, help="peak learning rate of the voice")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--no-graph", action="store_true", help="launch every kernel of an update by itself")
    parser.add_argument(
        "--small", action="store_true", help="tiny model and batches: a rehearsal on a laptop"
    )
    options = parser.parse_args(words)
    unknown = set(options.parts.split(",")) - set(PARTS)
    if unknown:
        parser.error(f"--parts: {unknown.pop()!r} is none of {', '.join(PARTS)}")
    if options.whole_codec and not options.codec:
        parser.error("--whole-codec: give the trained codec by --codec")
    return options


def log(text: str) -> None:
    """Print a line with the time."""
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def _speech(options: argparse.Namespace) -> list[Callable[[], None]]:
    from recipes.demo_voice.produce import work_hibari, work_kokoro

    folder, end = options.folder / "speech", time.time() + 60 * options.teach_minutes
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stop").unlink(missing_ok=True)
    until = partial(_past, end)
    first = 16 * options.round
    threads = max(1, (os.cpu_count() or 2) // max(1, options.kokoro) - 1)
    jobs: list[Callable[[], None]] = [
        partial(
            work_kokoro,
            options.root,
            folder,
            first + part,
            options.seed,
            until,
            options.device,
            options.batch,
            threads,
            not options.no_compile,
        )
        for part in range(options.kokoro)
    ]
    jobs += [
        partial(work_hibari, options.root, folder, first + part, options.seed, until)
        for part in range(options.hibari)
    ]
    return jobs


def _past(end: float) -> bool:
    return time.time() > end


def _encoders(options: argparse.Namespace, codec: Path, keep: bool) -> list[Callable[[], None]]:
    return [partial(_encode, options, codec, part, keep) for part in range(options.encoders)]


def _encode(options: argparse.Namespace, codec: Path, part: int, keep: bool) -> None:
    import torch

    from recipes.demo_voice.encode import encode_all

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.set_num_threads(1)
    encode_all(codec, options.folder / "speech", options.folder / "codes", torch.device(options.device),
               3600, part, options.encoders, keep)  # fmt: skip


def _train_codec(options: argparse.Namespace) -> None:
    import torch
    from transformers import MimiModel

    from csm_cli.training.objective import Budget
    from recipes.demo_voice.codec.codec_training import CodecOptions, CodecTrainer
    from recipes.demo_voice.codec.pool import SpeechPool
    from recipes.demo_voice.phonemes import label_names, vocabulary
    from recipes.demo_voice.shape import codec_config

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    small: dict[str, Any] = {"batch": 2, "frames": 12, "log_every": 5,
                             "discriminator_channels": 4, "ear_width": 32}  # fmt: skip
    settings = CodecOptions(
        phones=len(label_names(vocabulary(options.root))) + 1,
        adversary_from=0.4,
        judged_frames=12,
        fewer_levels=0.1 if options.codec else 0.25,
        **(small if options.small else {}),
    )
    pool = SpeechPool(options.folder / "speech", 0.5 if options.small else 60, torch.device(options.device))
    pool.wait(10 if options.small else 400)
    if options.codec:
        codec = MimiModel.from_pretrained(options.codec, local_files_only=True, dtype=torch.float32)
        trainer = CodecTrainer(codec, pool, settings, torch.device(options.device))
        trainer.go_on(options.whole_codec)
    else:
        trainer = CodecTrainer(MimiModel(codec_config()), pool, settings, torch.device(options.device))
        trainer.warm()
    seconds = 60 * options.codec_minutes
    trainer.run(
        Budget(seconds=seconds), settings.peak_rate, last_rate=0.02, log=lambda text: log(f"codec: {text}")
    )
    trainer.save(options.folder / "codec")


def _train_voice(options: argparse.Namespace) -> None:
    """What `csm train CODES --scratch --damage --average 0.998 --compile` does."""
    import torch

    from csm_cli.training.options import SCRATCH_RATE, TrainOptions
    from csm_cli.training.run import train
    from csm_cli.training.segments import RowShape

    torch.backends.cuda.matmul.allow_tf32 = True
    small: dict[str, Any] = {
        "positions": 2048, "log_every": 2, "every": 20, "workers": 1,
        "shapes": (RowShape(768, 0.5, False), RowShape(1024, 0.5, True)),
    }  # fmt: skip
    settings: dict[str, Any] = {
        "positions": options.positions,
        "log_every": 200,
        "every": 3000,
        "workers": options.workers,
    }
    trained = train(
        TrainOptions(
            data=options.folder / "codes",
            out=options.folder / "voice",
            model=str(options.checkpoint or _fresh(options.folder / "shape", options.small)),
            scratch=options.checkpoint is None,
            rate=options.rate or SCRATCH_RATE,
            minutes=options.minutes,
            average=0.998,
            damage=True,
            compile=not options.no_compile,
            graph=not options.no_graph,
            device=options.device,
            **(small if options.small else settings),
        ),
        log=lambda text: log(f"voice: {text}"),
        progress=lambda text: log(f"voice: {text}"),
    )
    assert trained is not None, "one process, which writes"
    without_codec(trained / "model.safetensors", options.folder / "voice.safetensors")


def _fresh(folder: Path, small: bool) -> Path:
    """A checkpoint of the voice's shape, with random weights and its tokenizer."""
    import torch

    from csm_cli.model import CsmForConditionalGeneration
    from recipes.demo_voice.shape import voice_config, write_tokenizer

    torch.manual_seed(0)
    config = voice_config()
    if small:
        config.num_hidden_layers = config.depth_decoder_config.num_hidden_layers = 1
    CsmForConditionalGeneration(config).save_pretrained(folder)
    write_tokenizer(folder)
    return folder


def without_codec(source: Path, target: Path) -> None:
    """Write the voice's weights alone, in float16, the audio table once."""
    import torch
    from safetensors.torch import load_file, save_file

    table = "backbone_model.embed_tokens.embed_audio_tokens.weight"  # the depth decoder's, under another name
    state = {
        name: value.to(torch.float16)
        for name, value in load_file(source).items()
        if not name.startswith("codec_model.") and name != table
    }
    save_file(state, target.with_suffix(".tmp"))
    target.with_suffix(".tmp").rename(target)


def run(name: str, jobs: Sequence[Callable[[], None]], beside: Sequence[Callable[[], None]] = (),
        when_done: Callable[[], None] = lambda: None) -> None:  # fmt: skip
    """Run jobs as processes until all have ended; `beside` may go on longer, and `when_done` tells them.

    Raises:
        SystemExit: one of them failed; the others have been ended.
    """
    began = time.monotonic()
    context = multiprocessing.get_context("spawn")
    first = [context.Process(target=job) for job in jobs]
    others = [context.Process(target=job) for job in beside]
    for process in (*first, *others):
        process.start()
    told = False
    while any(process.is_alive() for process in (*first, *others)):
        time.sleep(0.2)
        if any(process.exitcode for process in (*first, *others)):
            for process in (*first, *others):
                process.terminate()
            raise SystemExit(f"{name}: a process failed; its traceback is above")
        if not told and not any(process.is_alive() for process in first):
            when_done()
            told = True
    log(f"{name}: done in {time.monotonic() - began:.0f} s")


def main(words: Sequence[str] | None = None) -> None:
    """Run the parts in turn, name the results."""
    options = _arguments(words)
    options.folder.mkdir(parents=True, exist_ok=True)
    parts, frozen = options.parts.split(","), options.codec is not None and not options.whole_codec
    stop = options.folder / "speech" / "stop"
    if "speech" in parts:
        beside = _encoders(options, options.codec, "codec" in parts) if frozen else []
        run("speech", _speech(options), beside, stop.touch)
    if "codec" in parts:
        run("codec", [partial(_train_codec, options)])
        if not frozen:
            shutil.rmtree(options.folder / "codes", ignore_errors=True)  # those of another codec
            stop.touch()
            run("codes", _encoders(options, options.folder / "codec", True))
    if "voice" in parts:
        run("voice", [partial(_train_voice, options)])
        log(f"voice: {options.folder / 'voice.safetensors'}, codec: {options.folder / 'codec'}")


if __name__ == "__main__":
    main()
