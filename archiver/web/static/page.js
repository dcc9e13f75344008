// Keys, copying, newer messages. Everything on the page works without this.
