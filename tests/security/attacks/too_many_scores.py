from attack import answer, run

run(lambda item: answer(item, scores=[{"name": str(i), "value": 1} for i in range(101)]))
