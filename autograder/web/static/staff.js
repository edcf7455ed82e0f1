// Keys for those who mark; every page works without them.
"use strict";
