from attack import answer, run

run(lambda item: answer(item, scores=[{"value": True}, {"name": "", "value": False}]))
