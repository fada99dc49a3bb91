#!/usr/bin/env python3
"""Stands in for a synthesiser: writes down each sentence as it begins, and takes a moment, as a voice does."""
import os
import signal
import sys
import time

CHARACTERS_A_SECOND = 150
text = " ".join(sys.stdin.read().split())


def put(kind):
    with open(os.environ["EAR_HEARD"], "a") as heard:
        heard.write("%.2f\t%s\t%s\n" % (time.time(), kind, text))


def cut(*_):
    put("CUT")
    os._exit(0)


signal.signal(signal.SIGTERM, cut)
signal.signal(signal.SIGINT, cut)
put("SAY")
time.sleep(min(20, 0.15 + len(text) / CHARACTERS_A_SECOND))
put("END")
