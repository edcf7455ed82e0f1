"""A module that a warm server must refuse: importing it starts a thread."""

import threading

threading.Thread(target=threading.Event().wait, daemon=True).start()
