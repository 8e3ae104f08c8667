"""Django: migrations of its own applications and of one of ours, the admin's pages, inspectdb, models, transactions and locks.

usage: django_client.py FOLDER, a folder that is there and empty
"""

import os
import pathlib
import subprocess
import sys
import textwrap

FOLDER = pathlib.Path(sys.argv[1])
DATABASE = f"matrix_{os.environ['MATRIX_CLIENT']}"

# Ostrakon refuses FOREIGN KEY: Django keeps its relations, but makes no constraint, with a backend that says so.
BACKEND = '''
from django.db.backends.mysql import base, features


class DatabaseFeatures(features.DatabaseFeatures):
    supports_foreign_keys = False


class DatabaseWrapper(base.DatabaseWrapper):
    features_class = DatabaseFeatures
'''

SETTINGS = f'''
SECRET_KEY = "of a test"
DEBUG = True
ALLOWED_HOSTS = ["*"]
USE_TZ = True
ROOT_URLCONF = "project.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages", "shop"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
              "django.contrib.messages.middleware.MessageMiddleware"]
TEMPLATES = [{{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {{"context_processors": [
    "django.template.context_processors.request", "django.contrib.auth.context_processors.auth", "django.contrib.messages.context_processors.messages"]}}}}]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DATABASES = {{"default": {{"ENGINE": "project.backend", "HOST": "127.0.0.1", "PORT": {os.environ['MATRIX_PORT']}, "USER": "root", "NAME": "{DATABASE}",
                        "OPTIONS": {{"charset": "utf8mb4", "init_command": "SET sql_mode = 'STRICT_TRANS_TABLES'"}}}}}}
'''

MODELS = '''
import uuid

from django.db import models


class Customer(models.Model):
    name = models.CharField(max_length=100, db_index=True)
    born = models.DateField(null=True)
    key = models.UUIDField(default=uuid.uuid4, unique=True)


class Product(models.Model):
    code = models.SlugField(primary_key=True)
    price = models.DecimalField(max_digits=12, decimal_places=2)
    facts = models.JSONField(default=dict)
    picture = models.BinaryField(default=b"")


class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="orders")
    products = models.ManyToManyField(Product)
    placed = models.DateTimeField(auto_now_add=True)
    took = models.DurationField(null=True)
    paid = models.BooleanField(default=False)
    note = models.TextField(blank=True)
    score = models.FloatField(null=True)
    count = models.PositiveIntegerField(default=0)
'''

# What a second migration changes: a column more, one with another name, a longer one, one less, an index, a unique key.
LATER = [
    ("    born = models.DateField(null=True)\n", "    birthday = models.DateField(null=True)\n    city = models.CharField(max_length=40, default='Athens')\n"),
    ("max_length=100", "max_length=200"),
    ("    score = models.FloatField(null=True)\n", ""),
    ("    count = models.PositiveIntegerField(default=0)\n",
     "    count = models.PositiveIntegerField(default=0)\n\n    class Meta:\n        indexes = [models.Index(fields=['paid', 'placed'], name='by_paid')]\n"),
]


def manage(*arguments, answer="", module=None):
    """A command of manage.py, which must succeed."""
    command = [sys.executable, "-B", *(["-m", "django"] if module is None else ["-c", module]), *arguments]
    surroundings = {**os.environ, "DJANGO_SETTINGS_MODULE": "project.settings", "PYTHONPATH": str(FOLDER)}
    done = subprocess.run(command, cwd=FOLDER, env=surroundings, input=answer, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(arguments) or 'models'}:\n{done.stdout[-3000:]}{done.stderr[-6000:]}"
    return done.stdout


WORK = '''
import datetime, decimal, threading
import django
django.setup()
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.models import Avg, Count, F, Q, Sum
from django.test import Client
from shop.models import Customer, Order, Product

names = ["Solon", "Myrto", "Cimon", "Χρύσιππος 🏺"]
customers = [Customer.objects.create(name=name, birthday=datetime.date(1990, 1, n + 1)) for n, name in enumerate(names)]
assert len({customer.pk for customer in customers}) == 4
Product.objects.bulk_create([Product(code=f"p{n}", price=decimal.Decimal("1.10") * n, facts={"n": n, "tags": ["a", None]}, picture=bytes(range(256)))
                             for n in range(20)])
product = Product.objects.get(code="p7")
assert (product.price, product.facts, bytes(product.picture)) == (decimal.Decimal("7.70"), {"n": 7, "tags": ["a", None]}, bytes(range(256)))
assert Product.objects.filter(facts__n=3).get().code == "p3"
for n in range(40):
    order = customers[n % 4].orders.create(count=n, took=datetime.timedelta(seconds=n, microseconds=1), note="🏺" * n)
    order.products.set(Product.objects.filter(code__in=[f"p{n % 20}", f"p{(n + 1) % 20}"]))
order = Order.objects.select_related("customer").prefetch_related("products").get(count=11)
assert order.customer.name == names[3] and {one.code for one in order.products.all()} == {"p11", "p12"}
assert order.took == datetime.timedelta(seconds=11, microseconds=1) and abs(datetime.datetime.now(datetime.timezone.utc) - order.placed) < datetime.timedelta(hours=1)
totals = Customer.objects.annotate(n=Count("orders"), total=Sum("orders__count")).order_by("id").values_list("n", "total")
assert list(totals) == [(10, 180), (10, 190), (10, 200), (10, 210)], list(totals)
assert Order.objects.filter(Q(count__gte=30) | Q(customer__name__startswith="Sol")).count() == 18
assert Order.objects.aggregate(Avg("count"))["count__avg"] == 19.5
assert Order.objects.filter(paid=False).update(paid=True, count=F("count") + 1) == 40
assert [one.count for one in Order.objects.order_by("-count")[3:6]] == [37, 36, 35]
assert Order.objects.dates("placed", "year").count() == 1
assert Customer.objects.filter(orders__products__code="p5").distinct().count() == 2
customer, made = Customer.objects.update_or_create(name="Solon", defaults={"city": "Salamis"})
assert not made and Customer.objects.get(name="Solon").city == "Salamis"
assert Customer.objects.get_or_create(name="Draco")[1]
Product.objects.bulk_update([Product(code="p1", price=5), Product(code="p2", price=6)], ["price"])
assert Product.objects.get(code="p2").price == 6
assert Product.objects.bulk_create([Product(code="p1", price=50), Product(code="p99", price=6)], update_conflicts=True, update_fields=["price"])
assert Product.objects.get(code="p1").price == 50
assert len(list(Order.objects.iterator(chunk_size=7))) == 40
try:
    with transaction.atomic():
        Customer.objects.create(name="nobody")
        try:
            with transaction.atomic():
                Customer.objects.create(name="less than nobody")
                raise ValueError
        except ValueError:
            pass
        assert not Customer.objects.filter(name="less than nobody").exists() and Customer.objects.filter(name="nobody").exists()
        raise KeyError
except KeyError:
    pass
assert not Customer.objects.filter(name__contains="nobody").exists()
try:
    with transaction.atomic():
        Product.objects.create(code="p1", price=1)
    raise AssertionError("a double key is no error")
except IntegrityError as error:
    assert error.args[0] == 1062, error

# A lock: the other client waits for the end of the transaction.
seen = []
def other():
    with transaction.atomic():
        seen.append(Product.objects.select_for_update().get(code="p3").price)
    connection.close()
with transaction.atomic():
    locked = Product.objects.select_for_update().get(code="p3")
    thread = threading.Thread(target=other)
    thread.start()
    thread.join(0.5)
    assert thread.is_alive() and not seen, "select_for_update does not lock"
    locked.price = decimal.Decimal("33")
    locked.save()
thread.join()
assert seen == [decimal.Decimal("33.00")], seen

User.objects.create_superuser("pericles", "p@example.org", "funeral oration")
browser = Client()
assert browser.login(username="pericles", password="funeral oration")
for page in ("/admin/", "/admin/auth/user/", "/admin/auth/user/?q=per", "/admin/auth/user/1/change/", "/admin/shop/product/"):
    answer = browser.get(page, follow=True)
    assert answer.status_code == 200, (page, answer.status_code)
answer = browser.post("/admin/shop/product/add/", {"code": "made-by-admin", "price": "3.50", "facts": '{"a": 1}'})
assert answer.status_code == 302 and Product.objects.get(code="made-by-admin").price == decimal.Decimal("3.50"), answer.content[-500:]
Customer.objects.get(name="Solon").delete()
assert Order.objects.count() == 30
assert Order.objects.filter(customer__name="Myrto").delete()[0] == 30
print("done")
'''


def main():
    import django
    print("version:", django.get_version())
    for path, text in {
        "project/__init__.py": "", "project/settings.py": SETTINGS, "project/backend/__init__.py": "", "project/backend/base.py": BACKEND,
        "project/urls.py": "from django.contrib import admin\nfrom django.urls import path\nurlpatterns = [path('admin/', admin.site.urls)]\n",
        "shop/__init__.py": "", "shop/migrations/__init__.py": "", "shop/models.py": MODELS,
        "shop/admin.py": "from django.contrib import admin\nfrom shop.models import Product\nadmin.site.register(Product)\n",
    }.items():
        file = FOLDER / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
    manage("makemigrations", "shop", "--verbosity=0")
    manage("migrate", "--verbosity=0")
    print("passed: migrate")
    models = (FOLDER / "shop/models.py").read_text()
    for old, new in LATER:
        assert old in models
        models = models.replace(old, new)
    (FOLDER / "shop/models.py").write_text(models)
    # A renamed field is asked for.
    manage("makemigrations", "shop", "--verbosity=0", answer="y\ny\n")
    manage("migrate", "--verbosity=0")
    assert "No changes detected" in manage("makemigrations", "--check", "--dry-run")
    plan = manage("showmigrations", "shop")
    assert "[X] 0002" in plan and "[ ]" not in plan, plan
    print("passed: alter")
    written = manage("inspectdb")
    for part in ("class ShopCustomer(models.Model):", "name = models.CharField(max_length=200)", "birthday = models.DateField(blank=True, null=True)",
                 "city = models.CharField(max_length=40)", "class AuthUser(models.Model):", "unique_together = (('user', 'group'),)",
                 "price = models.DecimalField(max_digits=12, decimal_places=2)", "class DjangoSession(models.Model):"):
        assert part in written or part.replace("'user', 'group'", "'user_id', 'group_id'") in written, f"inspectdb gave no {part}:\n{written[:8000]}"
    print("passed: introspection")
    assert manage(module=WORK).strip() == "done"
    for column in ("models", "transaction", "lock", "admin"):
        print(f"passed: {column}")
    manage("flush", "--no-input", "--verbosity=0")
    manage("migrate", "shop", "0001", "--verbosity=0")
    manage("migrate", "shop", "zero", "--verbosity=0")
    print("passed: undo")


main()
