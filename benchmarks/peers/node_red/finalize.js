clearInterval(context.get("timer"));
return context.get("pool").end();
