// One fix, or an array of them after an outage.
context.get("keep")(msg.topic.split("/")[3], [].concat(msg.payload));
return null;
