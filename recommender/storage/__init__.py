"""Where everything is kept: a written contract and the engines that fulfil it."""
